package eds

import "tizilim/domain"

func malformed(why string) *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeSignatureMalformed,
		"the signature cannot be checked: %s; send a CMS (PKCS #7) signature with its certificate, in base64", why,
	).At("signature.cms")
}

func unsupported() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeSignatureAlgorithm,
		"signatures by this algorithm are not checked here: sign with RSA, ECDSA or Ed25519, and SHA-256 or more",
	).At("signature.cms")
}

func tooWeak() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeSignatureWeak,
		"the signature, or a certificate above it, uses an algorithm or a key that is too weak: sign with SHA-256 "+
			"and a key of at least %d bits (RSA) or %d (ECDSA)", minRSA, minECDSA).At("signature.cms")
}

func notValid() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeCertificateNotValid,
		"the certificate is not valid now: it has expired, or is not valid yet; sign with another one",
	).At("signature.cms")
}

func untrusted() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeCertificateUntrusted,
		"this registry does not trust the authority that issued the certificate: sign with a certificate of the "+
			"national certification authority, or ask the registry which one it trusts").At("signature.cms")
}

func forOtherPurpose() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeCertificatePurpose,
		"the certificate is not for signing: sign with your key for signatures instead of the key for authentication",
	).At("signature.cms")
}

func revoked() *domain.Error {
	return domain.Refuse(domain.Invalid, domain.CodeCertificateRevoked,
		"the certificate, or one above it, has been revoked; sign with another one").At("signature.cms")
}

// unknownRevocation is the refusal of a certificate of which nothing current is
// known; what names the sources that say nothing.
func unknownRevocation(what string) *domain.Error {
	return domain.Refuse(domain.Unavailable, domain.CodeRevocationUnknown,
		"the registry cannot find out whether the certificate was revoked (%s): send the same request again later",
		what)
}
