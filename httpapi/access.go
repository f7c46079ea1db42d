package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"tizilim/domain"
	"tizilim/domain/accesslog"
)

// access is the one table of who may call which operation. An operation that
// it does not name cannot be registered. What a role sees of it (a citizen only
// their own) is decided by the operation.
var access = map[string][]domain.Role{
	"record-person":              {domain.RoleOperator, domain.RoleProvider},
	"search-person":              {domain.RoleOperator, domain.RoleProvider},
	"confirm-contacts":           {domain.RoleOperator, domain.RoleProvider},
	"confirm-own-contacts":       {domain.RoleCitizen},
	"get-own-contacts":           {domain.RoleCitizen},
	"get-own-notices":            {domain.RoleCitizen},
	"record-representative":      {domain.RoleOperator, domain.RoleProvider},
	"end-representation":         {domain.RoleOperator, domain.RoleProvider},
	"get-representatives":        {domain.RoleOperator, domain.RoleProvider, domain.RoleAuditor},
	"record-dwelling":            {domain.RoleOperator},
	"describe-dwelling":          {domain.RoleOperator, domain.RoleProvider},
	"change-owners":              {domain.RoleOperator},
	"register-residence":         {domain.RoleOperator, domain.RoleProvider},
	"correct-residence":          {domain.RoleProvider}, // who answers for the register; desks file, they do not rewrite
	"deregister":                 {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider},
	"confirm-deregistration":     {domain.RoleCitizen},
	"preview-signature":          {domain.RoleCitizen},
	"send-password":              {domain.RoleCitizen},
	"open-queue":                 {domain.RoleCommission},
	"apply-for-housing":          {domain.RoleCitizen, domain.RoleOperator},
	"decide-case":                {domain.RoleCommission},
	"examine-need":               {domain.RoleCommission},
	"change-case-consent":        {domain.RoleCitizen, domain.RoleOperator},
	"correction-request":         {domain.RoleCommission},
	"forwarding":                 {domain.RoleCommission},
	"review":                     {domain.RoleCommission},
	"recusal":                    {domain.RoleCommission},
	"hearing":                    {domain.RoleCommission},
	"hearing-end":                {domain.RoleCommission},
	"extension":                  {domain.RoleCommission},
	"termination":                {domain.RoleCommission},
	"correction":                 {domain.RoleCitizen, domain.RoleOperator},
	"objection":                  {domain.RoleCitizen, domain.RoleOperator},
	"withdrawal":                 {domain.RoleCitizen, domain.RoleOperator},
	"complaint":                  {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider},
	"notice":                     {domain.RoleProvider, domain.RoleCommission},
	"complaint-forwarding":       {domain.RoleProvider, domain.RoleCommission},
	"complaint-decision":         {domain.RoleProvider, domain.RoleCommission},
	"remedy":                     {domain.RoleProvider, domain.RoleCommission},
	"get-case":                   {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
	"get-entry":                  {domain.RoleCitizen, domain.RoleCommission},
	"list-entries":               {domain.RoleCommission, domain.RoleAuditor},
	"list-cases":                 {domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
	"remove-entry":               {domain.RoleCommission},
	"reinstate-entry":            {domain.RoleCommission},
	"entry-hearing":              {domain.RoleCommission},
	"entry-objection":            {domain.RoleCitizen, domain.RoleOperator},
	"entry-hearing-end":          {domain.RoleCommission},
	"entry-complaint":            {domain.RoleCitizen, domain.RoleOperator},
	"entry-complaint-forwarding": {domain.RoleCommission},
	"entry-complaint-decision":   {domain.RoleCommission},
	"redate-entry":               {domain.RoleCommission},
	"transfer-entry":             {domain.RoleCommission},
	"provide-dwelling":           {domain.RoleCommission},
	"confirm-entry":              {domain.RoleCommission},
	"take-inventory":             {domain.RoleCommission},
	"report-change":              {domain.RoleCitizen, domain.RoleOperator, domain.RoleCommission},
	"protect-entry":              {domain.RoleCommission},
	"review-entry":               {domain.RoleCommission},
	"prioritise-entry":           {domain.RoleCommission},
	"set-priority-rule":          {domain.RoleCommission},
	"give-notice":                {domain.RoleCommission},
	"change-consent":             {domain.RoleCitizen, domain.RoleOperator},
	"end-lease":                  {domain.RoleCommission},
	"get-entry-numbers":          {domain.RoleCitizen, domain.RoleCommission, domain.RoleAuditor},
	"get-public-list":            {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
	"get-person-residence":       {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
	"get-dwelling-residents":     {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
	"get-person-history":         {domain.RoleAuditor},
	"get-dwelling-history":       {domain.RoleAuditor},
	"get-certificate":            {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider, domain.RoleCommission, domain.RoleAuditor},
	"request-departure-sheet":    {domain.RoleCitizen, domain.RoleOperator, domain.RoleProvider},
	"duplicate-certificate":      {domain.RoleOperator, domain.RoleProvider},
	"correct-certificate":        {domain.RoleOperator, domain.RoleProvider, domain.RoleCommission},
	"check-certificate":          {anyone},
	"get-me":                     {domain.RoleCitizen},
	"get-my-services":            {domain.RoleCitizen},
	"get-my-queue":               {domain.RoleCitizen},
	"get-my-accesses":            {domain.RoleCitizen},
}

// anyone in the access table opens an operation to everybody, without a token.
const anyone domain.Role = "anyone"

type callerKey struct{}

// sender is who sends a request, and why, where the request says so.
type sender struct {
	Principal
	purpose accesslog.Purpose
}

// caller returns who sends the request that ctx belongs to.
func caller(ctx context.Context) sender {
	c, _ := ctx.Value(callerKey{}).(sender)
	return c
}

func principal(ctx context.Context) Principal { return caller(ctx).Principal }

// guard lets a request through to operation id for the roles of the table.
func (s *Server) guard(api huma.API, id string) func(huma.Context, func(huma.Context)) {
	roles, ok := access[id]
	if !ok {
		panic("operation " + id + " is not in the access table")
	}
	return func(ctx huma.Context, next func(huma.Context)) {
		ctx.SetHeader("Cache-Control", "no-store") // personal data, and numbers that change
		if slices.Contains(roles, anyone) {
			if problem := misformed(ctx); problem != nil {
				s.refuse(api, ctx, problem)
				return
			}
			next(ctx)
			return
		}
		scheme, token, _ := strings.Cut(ctx.Header("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			s.refuse(api, ctx, refusal(http.StatusUnauthorized, domain.CodeUnauthenticated,
				"send Authorization: Bearer and a token; tizilim token --role ROLE prints one", ""))
			return
		}
		p, err := s.tokens.Check(token, s.now())
		if err != nil {
			s.refuse(api, ctx, refusal(http.StatusUnauthorized, domain.CodeUnauthenticated,
				"this token is not accepted: it is damaged, has expired or belongs to another registry; get a new one", ""))
			return
		}
		if !slices.Contains(roles, p.Role) {
			s.refuse(api, ctx, refusal(http.StatusForbidden, domain.CodeRoleNotAllowed,
				"the role "+string(p.Role)+" may not do this; it takes one of "+roleList(roles), ""))
			return
		}
		if problem := misformed(ctx); problem != nil {
			s.refuse(api, ctx, problem)
			return
		}
		purpose, problem := purposeOf(p.Role, ctx.Header(purposeHeader))
		if problem != nil {
			s.refuse(api, ctx, problem)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, sender{p, purpose}))
	}
}

func (s *Server) refuse(api huma.API, ctx huma.Context, p *Problem) {
	for name, values := range p.GetHeaders() {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", p.ContentType(""))
	ctx.SetStatus(p.Status)
	if err := api.Marshal(ctx.BodyWriter(), "application/json", p); err != nil {
		s.log.Debug("the client went away", "error", err)
	}
}

func roleList(roles []domain.Role) string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

// notYours is the answer to a citizen who asks for what belongs to another, the
// same as for what does not exist.
func notYours() *domain.Error {
	return domain.Refuse(domain.NotFound, domain.CodeNotFound, "there is no such record, or it is not yours to see")
}

// hide keeps a citizen from telling what does not exist from what is another's:
// what is not found is [notYours].
func hide(ctx context.Context, err error) error {
	var e *domain.Error
	if errors.As(err, &e) && e.Kind == domain.NotFound && principal(ctx).Role == domain.RoleCitizen {
		return notYours()
	}
	return err
}
