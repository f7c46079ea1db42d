//go:build !race

package httpapi_test

// slowness is how many times slower the code is than as it is shipped.
const slowness = 1
