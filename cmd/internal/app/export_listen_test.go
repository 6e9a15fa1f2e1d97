package app

// LookAtCertificate is one look at the files of listen.tls.
func (a *App) LookAtCertificate() { a.base.keeper.look() }

// ReopenAudit is what a SIGHUP does to the audit file.
func (a *App) ReopenAudit() error { return a.base.audit.open() }
