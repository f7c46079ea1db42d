package seal

import (
	"bytes"
	"testing"

	"github.com/google/uuid"
)

func TestASecretOpensByItsKeyAndBindingAlone(t *testing.T) {
	id := KeyID{Owner: Owner{uuid.New()}, Generation: 2}
	key, err := NewKey(id, bytes.Repeat([]byte{1}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	keyOf := func(asked KeyID) (*Key, error) {
		if asked != id {
			t.Errorf("asked for %s", asked)
		}
		return key, nil
	}
	sealed := key.Secret([]byte("secret"), []byte("file"))
	if got, err := OpenSecret(sealed, []byte("file"), keyOf); err != nil || string(got) != "secret" {
		t.Errorf("%q: %v", got, err)
	}
	if got, err := OpenSecret(sealed, []byte("other"), keyOf); err == nil {
		t.Errorf("with another binding: %q", got)
	}
	if got, err := OpenSecret(sealed, []byte("file"), func(KeyID) (*Key, error) { return nil, nil }); err != nil || got != nil {
		t.Errorf("by a key that was destroyed: %q, %v", got, err)
	}
	if _, err := OpenSecret("secret", []byte("file"), keyOf); err == nil {
		t.Error("what was never sealed opened")
	}
}
