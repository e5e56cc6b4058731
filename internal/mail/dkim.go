package mail

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"

	"regia/internal/experience"
)

// DKIM is the key by which readers' servers know that a mail is the company's
// (RFC 6376). It is made here and never leaves; DNS tells the public half.
type DKIM struct {
	Selector string `json:"selector"`
	Key      string `json:"key"` // PEM, PKCS #8
	Off      bool   `json:"off"` // the mail server signs by itself
}

// keyBits: what every receiver verifies, and RFC 8301 asks for.
const keyBits = 2048

// NewDKIM makes a key under a selector of its own.
func NewDKIM() (DKIM, error) {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return DKIM{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return DKIM{}, err
	}
	return DKIM{
		Selector: "regia-" + strings.ToLower(rand.Text()[:6]),
		Key:      string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
	}, nil
}

func (d DKIM) signer() (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(d.Key))
	if block == nil {
		return nil, experience.Errorf(experience.Internal, "the key that signs e-mails is damaged: make another")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the key that signs e-mails: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, experience.Errorf(experience.Internal, "the key that signs e-mails cannot sign: make another")
	}
	return signer, nil
}

// Record gives the name and the text of the TXT record by which the domain of
// the sender tells the public key.
func (s Settings) Record() (name, text string, err error) {
	signer, err := s.DKIM.signer()
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return "", "", err
	}
	return s.DKIM.Selector + "._domainkey." + domainOf(s.From), "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
}

// signed are the headers the signature covers, those that are not there
// included: none can be added on the way.
var signed = []string{
	"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
}

// sign puts the signature before the message.
func (s Settings) sign(message []byte) ([]byte, error) {
	if s.DKIM.Off || s.DKIM.Key == "" {
		return message, nil
	}
	signer, err := s.DKIM.signer()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = dkim.Sign(&out, bytes.NewReader(message), &dkim.SignOptions{
		Domain: domainOf(s.From), Selector: s.DKIM.Selector, Signer: signer, Hash: crypto.SHA256,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed, HeaderKeys: signed,
	})
	return out.Bytes(), err
}
