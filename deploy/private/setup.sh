#!/bin/sh
# Makes what private.yml needs and does not have yet; run again, it changes nothing.
#
#   setup.sh server              a certificate for localhost, and the operator's account
#   setup.sh people NAME ...     an account for each name
#
# Passwords are random. Each lies in a file that is named for the account, in a volume.
set -eu
umask 077

account() { # folder, name, options of `user add`
  folder=$1 name=$2
  shift 2
  if [ ! -s "$folder/$name" ]; then
    python -c 'import secrets; print(secrets.token_urlsafe(18))' >"$folder/.new"
    mv "$folder/.new" "$folder/$name"
  fi
  if ! chat-server user list | grep -q "^$name\( \|\$\)"; then
    chat-server user add "$name" --password-file "$folder/$name" "$@"
  fi
}

certificate() { # made anew at a start, a month before it expires, unless somebody has put another in its place
  cd /private/server
  if [ -s cert.pem ]; then
    sha256sum --check --status made.sha256 || return 0
    [ -n "$(find cert.pem -mtime +60)" ] || return 0
  fi
  rm -rf new
  chat-server dev-cert new >/dev/null
  mv new/ca.pem /private/trust
  mv new/key.pem .
  (cd new && sha256sum cert.pem) >made.sha256
  mv new/cert.pem .
  rmdir new
}

case $1 in
  server)
    certificate
    account /private/operator operator --operator
    ;;
  people)
    shift
    for each; do
      account /private/people "$each"
    done
    ;;
esac
