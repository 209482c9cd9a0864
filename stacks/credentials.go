package stacks

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"fleetman/components/keyring"
)

// credentialsFile is where dev's credentials are, under the root of the source tree. `make credentials` makes it, once.
const credentialsFile = ".fleetman/credentials.json"

type credentials struct {
	ActiveMQPassword Secret `json:"activemqPassword"`
	MongoDBPassword  Secret `json:"mongodbPassword"`
	Seed             Secret `json:"seed"`
}

// readCredentials reads dev's credentials. No error shows any of the file's content.
func readCredentials(file string) (credentials, error) {
	var read credentials
	content, err := os.ReadFile(file) // a fixed name under the root
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return read, fmt.Errorf("%s isn't there, which holds dev's passwords: run `make credentials`", credentialsFile)
	case err != nil:
		return read, fmt.Errorf("read credentials: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&read); err != nil {
		return credentials{}, fmt.Errorf(`%s is not {"activemqPassword":"…","mongodbPassword":"…","seed":"…"}: remove it and run`+" `make credentials`", credentialsFile)
	}
	if read.ActiveMQPassword == "" || read.MongoDBPassword == "" || len(read.Seed) < keyring.MinSeed {
		return credentials{}, fmt.Errorf("%s lacks a password or the seed: run `make credentials`, which adds what is missing", credentialsFile)
	}
	return read, nil
}
