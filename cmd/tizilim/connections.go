package main

import (
	"net"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/net/netutil"
)

// bound bounds the connections that a listener accepts: in all, which lets others wait, and
// from each address, which closes the ones too many.
func (f frontFlags) bound(listener net.Listener) net.Listener {
	each := &boundListener{Listener: listener, most: f.ConnectionsEach, open: map[netip.Addr]int{}}
	for _, proxy := range f.Proxies {
		if address, err := netip.ParseAddr(proxy); err == nil {
			each.free = append(each.free, netip.PrefixFrom(address, address.BitLen()))
		} else if network, err := netip.ParsePrefix(proxy); err == nil {
			each.free = append(each.free, network)
		}
	}
	return netutil.LimitListener(each, f.Connections)
}

// boundListener accepts at most so many connections from one address at once.
type boundListener struct {
	net.Listener
	most int
	free []netip.Prefix // not bounded

	mu   sync.Mutex
	open map[netip.Addr]int
}

// Accept implements [net.Listener].
func (l *boundListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		tcp, ok := conn.RemoteAddr().(*net.TCPAddr)
		if !ok {
			return conn, nil
		}
		address := tcp.AddrPort().Addr().Unmap().WithZone("")
		if slices.ContainsFunc(l.free, func(p netip.Prefix) bool { return p.Contains(address) }) {
			return conn, nil
		}
		if l.take(address) {
			return &boundConn{Conn: conn, leave: sync.OnceFunc(func() { l.leave(address) })}, nil
		}
		_ = conn.Close() // the client learns it by that
	}
}

func (l *boundListener) take(address netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[address] >= l.most {
		return false
	}
	l.open[address]++
	return true
}

func (l *boundListener) leave(address netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[address]--; l.open[address] == 0 {
		delete(l.open, address)
	}
}

// boundConn makes room when it is closed.
type boundConn struct {
	net.Conn
	leave func()
}

// Close implements [net.Conn].
func (c *boundConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
