package projections

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"
)

// schema is the version of the keys and values of a generation: a generation of
// another schema neither serves nor is continued, a new one is filled.
//
// It is a digest of what the models write for an example of every event, and of
// what each verb does with it in Redis. So it changes with every change of a
// model, and with nothing else: a build for another machine has the same schema.
// It also changes with a new type of event. That is wanted: a process of an
// older release may have put events of that type in quarantine, because it could
// not decode them.
//
// What only reads a generation is not in the digest. A reader that wants other
// keys or values needs a model that writes them.
var schema = sync.OnceValue(func() string { return schemaOf(examples()) })

func schemaOf(shown []example) string {
	digest := sha256.New()
	io.WriteString(digest, verbsInLua())
	for _, e := range shown {
		fmt.Fprintf(digest, "%q %q\n", e.of, e.how)
		e.writes(func(_ string, o op) { fmt.Fprintf(digest, "%s %q %q\n", o.verb, o.key, o.args) })
	}
	return hex.EncodeToString(digest.Sum(nil)[:8])
}
