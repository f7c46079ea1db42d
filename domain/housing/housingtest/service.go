package housingtest

import (
	"tizilim/domain"
	"tizilim/domain/domaintest"
	"tizilim/domain/housing"
)

// Service is a service in the body that an applicant states with its document (Q41).
func Service(body domain.Personal) housing.ServiceStated {
	return housing.ServiceStated{
		Employer: body, Office: "маман", Since: domaintest.Today().AddMonths(-24), Basis: domaintest.Basis(),
	}
}
