package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"tizilim/domain"
)

// largestBody is the size of the hostile bodies, in bytes: the API takes 65,536.
const largestBody = 65_533

// hostile is a way to make a body that is wrong in as many places as its size allows.
type hostile struct {
	name, path string
	role       domain.Role
	make       func(size int) string
}

// hostiles are bodies that have been found, or may be thought, to cost more than
// reading them.
var hostiles = []hostile{
	{"unknown members", "/v1/persons", domain.RoleOperator, func(size int) string { return members("", size) }},
	{"unknown members in an object of a list", "/v1/persons", domain.RoleOperator, func(size int) string {
		return `{"documents":[` + members("", size-16) + `]}`
	}},
	{"one member many times", "/v1/persons", domain.RoleOperator, func(size int) string {
		return repeated(`{`, `"a":1`, `}`, size)
	}},
	{"names that no operation has", "/v1/persons", domain.RoleOperator, func(size int) string {
		return members("990101300013", size)
	}},
	{"names with points", "/v1/persons", domain.RoleOperator, func(size int) string { return members("a.b", size) }},
	{"as many unknown members as a body may have", "/v1/persons", domain.RoleOperator, func(size int) string {
		return members("", min(size, 45_000))
	}},
	{"as many empty objects as a body may have", "/v1/housing-applications", domain.RoleOperator, func(size int) string {
		return repeated(`{"family":[`, `{}`, `]}`, min(size, 14_900))
	}},
	{"as many wrong types as a body may have", "/v1/deregistrations", domain.RoleOperator, func(size int) string {
		return repeated(`{"persons":[`, `1`, `]}`, min(size, 9_900))
	}},
	{"long names", "/v1/persons", domain.RoleOperator, func(size int) string {
		return `{"` + strings.Repeat("a", size/2) + `":{"` + strings.Repeat("b", size-size/2-11) + `":1}}`
	}},
	{"a list of wrong ids", "/v1/deregistrations", domain.RoleOperator, func(size int) string {
		return repeated(`{"persons":[`, `"x"`, `]}`, size)
	}},
	{"a list of wrong types", "/v1/deregistrations", domain.RoleOperator, func(size int) string {
		return repeated(`{"persons":[`, `1`, `]}`, size)
	}},
	{"a list of empty objects", "/v1/housing-applications", domain.RoleOperator, func(size int) string {
		return repeated(`{"family":[`, `{}`, `]}`, size)
	}},
	{"a list of objects with an unknown member", "/v1/housing-applications", domain.RoleOperator, func(size int) string {
		return repeated(`{"documents":[`, `{"a":1}`, `]}`, size)
	}},
	{"a list of nested lists", "/v1/persons", domain.RoleOperator, func(size int) string {
		return repeated(`{"name":[`, `[[[[[[[[[[[[[]]]]]]]]]]]]]`, `]}`, size)
	}},
	{"nested deeply", "/v1/persons", domain.RoleOperator, func(size int) string {
		return `{"name":` + strings.Repeat("[", size-8)
	}},
	{"escapes", "/v1/persons", domain.RoleOperator, func(size int) string {
		return `{"name":"` + strings.Repeat(`\u0041`, (size-11)/6) + `"}`
	}},
	{"a list without commas", "/v1/persons", domain.RoleOperator, func(size int) string {
		return `{"name":[` + strings.Repeat(" ", size-9)
	}},
	{"members to sign", "/v1/signatures/preview", domain.RoleCitizen, func(size int) string {
		const begin = `{"request":"POST /v1/persons","idempotency_key":"k","application":`
		return begin + members("", size-len(begin)-1) + `}`
	}},
	{"a list to sign", "/v1/signatures/preview", domain.RoleCitizen, func(size int) string {
		return repeated(`{"request":"POST /v1/persons","idempotency_key":"k","application":{"a":[`, `1`, `]}}`, size)
	}},
}

// members is an object of the size whose members have different names.
func members(prefix string, size int) string {
	var b strings.Builder
	b.WriteString(`{`)
	for i := 0; ; i++ {
		member := fmt.Sprintf(`"%s%s":1`, prefix, letters(i))
		if b.Len()+len(member)+2 > size {
			return b.String() + `}`
		}
		if i > 0 {
			b.WriteString(`,`)
		}
		b.WriteString(member)
	}
}

// letters writes a number in the letters a to j.
func letters(n int) string {
	return strings.Map(func(r rune) rune { return r - '0' + 'a' }, fmt.Sprint(n))
}

// repeated is a text of at most the size that has an item as often as fits.
func repeated(begin, item, end string, size int) string {
	n := (size - len(begin) - len(end) + 1) / (len(item) + 1)
	return begin + strings.Repeat(item+",", n-1) + item + end
}

// post calls the server without a socket.
func (s *subtest) post(path, token, key, body string) *answer {
	req := httptest.NewRequest("POST", path, strings.NewReader(body))
	req.Header["Authorization"] = []string{"Bearer " + token}
	req.Header["Idempotency-Key"] = []string{key}
	return s.serve(req)
}

func TestAProblemListsTheFirstFaultsAndCountsThem(t *testing.T) {
	r := start(t)
	s := r.at(t)
	operator := s.token(domain.RoleOperator)
	for _, row := range []struct {
		name, path, body string
		status           int
		listed           int
		detail           string
	}{
		{"unknown members", "/v1/persons", members("", 30_000), 422, 20, "faults; errors lists the first 20)"},
		{"20 unknown members", "/v1/persons",
			`{"name":"A","birth_date":"1990-05-17","class":"refugee",` + members("", 133)[1:], 422, 20, ""},
		{"a list of wrong types", "/v1/deregistrations", repeated(`{"persons":[`, `1`, `]}`, 9000), 422, 20, "lists the first 20)"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := r.at(t)
			a := s.post(row.path, operator, "key", row.body)
			if a.status != row.status || len(a.at("errors").([]any)) != row.listed || len(a.text) > 5000 ||
				!strings.HasSuffix(a.at("detail").(string), row.detail) {
				t.Errorf("answered %d with %d faults: %s", a.status, len(a.at("errors").([]any)), a.text)
			}
			if told := strings.Contains(a.text, "errors lists the first"); told != (row.detail != "") {
				t.Errorf("told of more faults: %v: %s", told, a.text)
			}
			if again := s.post(row.path, operator, "key", row.body); again.text != a.text {
				t.Errorf("asked again:\n%s\n%s", a.text, again.text)
			}
		})
	}
}

// What a hostile body costs grows as its size does: four times the bytes take at most
// five times the memory.
func TestTheCostOfAHostileBodyIsLinear(t *testing.T) {
	r := start(t)
	s := r.at(t)
	before := s.head()
	for _, h := range hostiles {
		t.Run(h.name, func(t *testing.T) {
			s := r.at(t)
			token := s.token(h.role)
			cost := func(size int) (allocated uint64) {
				text := h.make(size)
				if len(text) > size {
					t.Fatalf("the body of %d bytes has %d", size, len(text))
				}
				// The least of several requests: in the others a pool had no buffer to give.
				for range 8 {
					var begin, end runtime.MemStats
					runtime.ReadMemStats(&begin)
					a := s.post(h.path, token, "key", text)
					runtime.ReadMemStats(&end)
					if a.status >= 500 {
						t.Fatalf("answered %d: %s", a.status, a.text)
					}
					if took := end.TotalAlloc - begin.TotalAlloc; allocated == 0 || took < allocated {
						allocated = took
					}
				}
				return allocated
			}
			small, large := cost(largestBody/4), cost(largestBody)
			if large > 5*small {
				t.Errorf("a body of 16 KB takes %d bytes of memory, one of 64 KB %d", small, large)
			}
			if large > 16<<20 {
				t.Errorf("a body of 64 KB takes %d bytes of memory", large)
			}
		})
	}
	if after := s.head(); after != before {
		t.Errorf("the log moved from %d to %d", before, after)
	}
}

// BenchmarkHostileBody tells what a byte of a hostile body costs, beside what the
// standard library takes to read the same bytes.
func BenchmarkHostileBody(b *testing.B) {
	r := start(b)
	for _, h := range hostiles {
		text := h.make(largestBody)
		perByte := func(b *testing.B) {
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(text)), "ns/byte")
		}
		b.Run(h.name+"/floor", func(b *testing.B) {
			for b.Loop() {
				var v any
				_ = json.NewDecoder(bytes.NewReader([]byte(text))).Decode(&v)
			}
			perByte(b)
		})
		b.Run(h.name+"/api", func(b *testing.B) {
			s := r.at(b)
			token := s.token(h.role)
			for b.Loop() {
				s.post(h.path, token, "key", text)
			}
			perByte(b)
		})
	}
}
