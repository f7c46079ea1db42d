package embedded

import "net"

// Serve is [Node.Start] on a listener of the test, until Close.
func (n *Node) Serve(listener net.Listener) error {
	if err := n.attach(listener); err != nil {
		return err
	}
	return n.serve(listener)
}
