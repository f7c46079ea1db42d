package operation

import (
	"strings"
	"testing"

	"tizilim/httpapi/table"
)

func TestTheFormThatAcceptPrefers(t *testing.T) {
	forms := []string{JSON, PDF, "text/plain", table.CSV}
	for accept, want := range map[string]string{
		"": JSON, " ": JSON, "*/*": JSON, "application/*": JSON, "text/*": "text/plain",
		"application/json": JSON, "APPLICATION/JSON": JSON, "application/json; charset=utf-8": JSON,
		"text/csv": table.CSV, "text/csv, */*": table.CSV, "*/*, text/csv": table.CSV,
		"text/csv;q=0.5, */*;q=0.6": JSON, "application/json;q=0.4, text/*;q=0.5": "text/plain",
		"text/csv, application/pdf": table.CSV, "application/pdf, text/csv": PDF, // equal: the first named
		"text/*, application/json": JSON, // equal: the one named exactly
		"text/html, */*;q=0.1":     JSON, "text/html": "", "image/*": "", "*/*;q=0": "", "text/csv;q=0": "",
		"application/*;q=0, */*": "text/plain", "application/json;q=0, */*": PDF,
		"nonsense": "", "application/json;q=x": JSON, "application/json;q=NaN": "", ",,application/pdf,": PDF,
		strings.Repeat("a/b, ", 2000) + "application/pdf": PDF,
	} {
		if got := Accepted(accept, forms); got != want {
			t.Errorf("%.60q is answered as %q, want %q", accept, got, want)
		}
	}
}
