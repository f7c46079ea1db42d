package domain

// Service is one of the two public services.
type Service string

const (
	S000 Service = "S000" // placement on the list for service housing
	S001 Service = "S001" // deregistration at the place of residence

	// Complaint is no service: somebody contests an act that belongs to no case (C28).
	Complaint Service = "complaint"
)

// Services lists them all.
var Services = []Service{S000, S001}
