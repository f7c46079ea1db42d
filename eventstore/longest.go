package eventstore

import (
	"encoding/json"
	"strconv"
	"strings"

	"tizilim/domain"
)

// longestMember is the path of the longest text in an event, such as "documents[1].name";
// "" where there is none. Members of events that come from a request bear the name that
// they have there, so the path tells a client what to shorten.
func longestMember(e domain.Event) string {
	text, err := json.Marshal(e)
	if err != nil {
		return ""
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return ""
	}
	path, _ := longestText(value, "")
	return strings.TrimPrefix(path, ".")
}

func longestText(value any, path string) (longest string, length int) {
	take := func(value any, path string) {
		// Of two texts of one length, the one whose path sorts first: the answer to a
		// repeated request is the same.
		if p, n := longestText(value, path); n > length || n == length && p < longest {
			longest, length = p, n
		}
	}
	switch v := value.(type) {
	case string:
		return path, len(v)
	case map[string]any:
		for name, member := range v {
			take(member, path+"."+name)
		}
	case []any:
		for i, item := range v {
			take(item, path+"["+strconv.Itoa(i)+"]")
		}
	}
	return longest, length
}
