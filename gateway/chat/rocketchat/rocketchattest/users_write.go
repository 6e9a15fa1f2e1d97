package rocketchattest

import "slices"

type createRequest struct {
	Name                  string         `json:"name" schema:"required"`
	Email                 string         `json:"email" schema:"required"`
	Password              string         `json:"password" schema:"required"`
	Username              string         `json:"username" schema:"required"`
	Active                *bool          `json:"active"`
	Bio                   string         `json:"bio"`
	Nickname              string         `json:"nickname"`
	StatusText            string         `json:"statusText"`
	Roles                 []string       `json:"roles"`
	JoinDefaultChannels   *bool          `json:"joinDefaultChannels"`
	RequirePasswordChange bool           `json:"requirePasswordChange"`
	SetRandomPassword     bool           `json:"setRandomPassword"`
	SendWelcomeEmail      bool           `json:"sendWelcomeEmail"`
	Verified              bool           `json:"verified"`
	CustomFields          map[string]any `json:"customFields"`
	Fields                string         `json:"fields"`
}

func (s *Server) usersCreate(c *call) (reply, error) {
	var body createRequest
	if err := bind(c.body, &body); err != nil {
		return nil, err
	}
	if err := s.mayCreate(c.caller, body); err != nil {
		return nil, err
	}
	if err := s.acceptable(nil, profile{Name: &body.Name, Username: &body.Username, Email: &body.Email}); err != nil {
		return nil, err
	}
	if body.Password == "" && !body.SetRandomPassword {
		return nil, fieldRequired("Password")
	}
	if s.cfg.Seats > 0 && len(s.people.accounts) >= s.cfg.Seats {
		return nil, thrown("error-license-user-limit-reached", "The license limit of users has been reached", nil)
	}
	fields, err := s.customFields(body.CustomFields)
	if err != nil {
		return nil, err
	}
	body.CustomFields = fields
	a := s.create(body)
	return reply{"user": s.view(c.caller, a)}, nil
}

func (s *Server) mayCreate(caller *account, body createRequest) error {
	if !s.may(caller, "create-user") {
		return notAllowed("Adding user is not allowed", "Adding_user")
	}
	if body.Active != nil && !s.may(caller, "edit-other-user-active-status") {
		return notAllowed("Editing user is not allowed", "Editing_user")
	}
	return s.mayAssign(caller, nil, body.Roles)
}

func (s *Server) create(body createRequest) *account {
	if body.SetRandomPassword {
		body.Password = newToken()
	}
	roles := body.Roles
	if roles == nil {
		roles = []string{"user"}
	}
	inactive := s.flag("Accounts_ManuallyApproveNewUsers")
	if body.Active != nil {
		inactive = !*body.Active
	}
	a := s.add(User{
		Username: body.Username, Name: body.Name, Email: body.Email, Verified: body.Verified, Password: body.Password,
		Roles: roles, Inactive: inactive, CustomFields: body.CustomFields,
	}, s.cfg.Now())
	a.mustSetAnew = body.RequirePasswordChange || body.SetRandomPassword
	if body.JoinDefaultChannels == nil || *body.JoinDefaultChannels {
		s.rooms[generalRoom].join(a.ID)
	}
	return a
}

// profile is what users.update may change; nil is left alone.
type profile struct {
	Name                  *string        `json:"name"`
	Email                 *string        `json:"email"`
	Username              *string        `json:"username"`
	Password              *string        `json:"password"`
	Roles                 []string       `json:"roles"`
	Active                *bool          `json:"active"`
	Verified              *bool          `json:"verified"`
	CustomFields          map[string]any `json:"customFields"`
	Bio                   *string        `json:"bio"`
	Nickname              *string        `json:"nickname"`
	StatusText            *string        `json:"statusText"`
	RequirePasswordChange *bool          `json:"requirePasswordChange"`
	SendWelcomeEmail      *bool          `json:"sendWelcomeEmail"`
}

func (s *Server) usersUpdate(c *call) (reply, error) {
	var body struct {
		UserID            string  `json:"userId" schema:"required"`
		Data              profile `json:"data" schema:"required"`
		ConfirmRelinquish bool    `json:"confirmRelinquish"`
	}
	binder := bindTolerant
	if s.can.strictUpdate {
		binder = bind
	}
	if err := binder(c.body, &body); err != nil {
		return nil, err
	}
	if s.can.strictUpdate && body.UserID == "" {
		return nil, thrown("invalid-params", "must NOT have fewer than 1 characters", nil)
	}
	a := s.people.byID(body.UserID)
	if a == nil {
		return nil, thrown("error-invalid-user", "Invalid user", nil)
	}
	if err := s.mayUpdate(c.caller, a, body.Data); err != nil {
		return nil, err
	}
	if err := s.acceptable(a, body.Data); err != nil {
		return nil, err
	}
	fields, err := s.customFields(body.Data.CustomFields)
	if err != nil {
		return nil, err
	}
	body.Data.CustomFields = fields
	if body.Data.Active != nil {
		if err := s.setActive(a, *body.Data.Active, body.ConfirmRelinquish); err != nil {
			return nil, err
		}
	}
	a.apply(body.Data)
	return reply{"user": s.view(c.caller, a)}, nil
}

func (s *Server) mayUpdate(caller, a *account, p profile) error {
	if a.Federated {
		return thrown("Edit_Federated_User_Not_Allowed", "Not possible to edit a federated user", nil)
	}
	needed := map[string]bool{
		"edit-other-user-info":          caller != a,
		"edit-other-user-password":      caller != a && p.Password != nil,
		"edit-other-user-active-status": p.Active != nil,
	}
	for permission, need := range needed {
		if need && !s.may(caller, permission) {
			return notAllowed("Editing user is not allowed", "Editing_user")
		}
	}
	return s.mayAssign(caller, a, p.Roles)
}

// mayAssign checks the roles an account is to have. nil is no wish.
func (s *Server) mayAssign(caller, a *account, roles []string) error {
	for _, role := range roles {
		if s.roles[role] == nil {
			return notAllowed("The field Roles consist invalid role id", "Assign_role")
		}
		if role == "admin" && !s.may(caller, "assign-admin-role") {
			return notAllowed("Assigning admin is not allowed", "Assign_admin")
		}
	}
	if a != nil && roles != nil && !slices.Equal(roles, a.Roles) && !s.may(caller, "assign-roles") {
		return notAllowed("Assign roles is not allowed", "Assign_role")
	}
	return nil
}

// apply writes the profile. A new password ends every session of the account, personal access tokens included.
func (a *account) apply(p profile) {
	set(&a.Name, p.Name)
	set(&a.Username, p.Username)
	set(&a.Email, p.Email)
	set(&a.Password, p.Password)
	set(&a.Verified, p.Verified)
	set(&a.mustSetAnew, p.RequirePasswordChange)
	if p.Roles != nil {
		a.Roles = slices.Clone(p.Roles)
	}
	if p.CustomFields != nil {
		a.CustomFields = p.CustomFields
	}
	if p.Password != nil {
		a.tokens = nil
	}
}

func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
