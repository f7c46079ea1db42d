//go:build unfenced

package projections

const fence = ""
