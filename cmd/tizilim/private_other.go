//go:build !unix

package main

// makePrivateFiles does nothing: on this system the directory says who may read a file.
func makePrivateFiles() {}
