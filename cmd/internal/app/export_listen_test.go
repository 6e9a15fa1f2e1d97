package app

// LookAtCertificate is one look at the files of listen.tls.
func (a *App) LookAtCertificate() { a.base.keeper.look() }
