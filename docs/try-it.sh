#!/usr/bin/env bash
# Shows a running quickstart instance at work with real mail clients.
#
#   twistd -n daptinmail --quickstart you@example.test      (in one terminal)
#   docs/try-it.sh [DATA-DIR]                               (in another; default ./daptinmail-data)
#
# Needs curl and python3; uses swaks, openssl, mbsync if they are installed.
set -eu
data=${1:-./daptinmail-data}

fact() { python3 -c 'import json,sys; v=json.load(open(sys.argv[1]))
for k in sys.argv[2].split("."): v = v[int(k)] if isinstance(v, list) else v[k]
print(v)' "$data/quickstart.json" "$1"; }
have() { command -v "$1" >/dev/null; }
say() { printf '\n== %s\n' "$*"; }

address=$(fact address) password=$(fact password)
smtp=$(fact smtp.host):$(fact smtp.port) imap=$(fact imap.host):$(fact imap.port) api=$(fact http.0)

say "curl submits a message and reads it back"
printf 'From: <%s>\r\nTo: <%s>\r\nSubject: from curl\r\n\r\nHello.\r\n' "$address" "$address" |
    curl -sS --insecure --user "$address:$password" "smtps://$smtp" --mail-from "$address" --mail-rcpt "$address" -T -
curl -sS --insecure --user "$address:$password" "imaps://$imap/INBOX?SUBJECT%20%22from%20curl%22"
curl -sS --insecure --user "$address:$password" "imaps://$imap/INBOX;MAILINDEX=1" | sed -n 1,40p

if have swaks; then
    say "swaks submits with AUTH LOGIN; a wrong password is refused"
    login=(swaks --server "$smtp" --tls-on-connect --auth LOGIN --auth-user "$address" --from "$address" --to "$address")
    "${login[@]}" --auth-password "$password" --header "Subject: from swaks" | grep -E '^<~ +(235|250 2.0.0)'
    "${login[@]}" --auth-password wrong | grep -E '^<~\* 535' || true
fi

if have openssl; then
    say "openssl shows the certificates"
    for server in "$smtp" "$imap"; do
        openssl s_client -connect "$server" </dev/null 2>/dev/null | openssl x509 -noout -subject -enddate
    done
fi

say "Python's imaplib lists the mailboxes and their counts"
python3 - "$imap" "$address" "$password" <<'PY'
import imaplib, ssl, sys
(host, port), user, password = sys.argv[1].rsplit(":", 1), sys.argv[2], sys.argv[3]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with imaplib.IMAP4_SSL(host, int(port), ssl_context=context) as session:
    session.login(user, password)
    for line in session.list()[1]:
        name = line.decode().rsplit(" ", 1)[1]
        print(line.decode(), session.status(name, "(MESSAGES UNSEEN)")[1][0].decode().rsplit("(", 1)[1][:-1])
PY

if have mbsync && have openssl; then
    say "mbsync copies the INBOX into a Maildir"
    copy=$(mktemp -d)
    openssl s_client -connect "$imap" </dev/null 2>/dev/null | openssl x509 >"$copy/certificate.pem"
    cat >"$copy/rc" <<RC
IMAPStore far
Host ${imap%:*}
Port ${imap##*:}
User $address
Pass "$password"
SSLType IMAPS
CertificateFile $copy/certificate.pem

MaildirStore near
Path $copy/mail/
Inbox $copy/mail/INBOX

Channel all
Far :far:INBOX
Near :near:INBOX
Create Near
Sync Pull
SyncState *
RC
    mkdir "$copy/mail"
    mbsync -q -c "$copy/rc" all
    find "$copy/mail/INBOX" -type f -path '*/[cn]*/*' | wc -l
fi

say "Mail to another domain waits in the outbox"
printf 'From: <%s>\r\nTo: <them@elsewhere.test>\r\nSubject: held\r\n\r\nLater.\r\n' "$address" |
    curl -sS --insecure --user "$address:$password" "smtps://$smtp" \
        --mail-from "$address" --mail-rcpt them@elsewhere.test -T -
token=$(curl -sS "$api/action/user_account/signin" -d "{\"attributes\":{\"email\":\"$(fact administrator.email)\",
    \"password\":\"$(fact administrator.password)\"}}" |
    python3 -c 'import json,sys
print(next(i["Attributes"]["value"] for i in json.load(sys.stdin) if i["ResponseType"] == "client.store.set"))')
curl -sS -g "$api/api/outbox?fields=to_address,state,last_error,next_retry_at" -H "Authorization: Bearer $token" |
    python3 -m json.tool | grep -E '"(to_address|state|last_error)"'

say "The record to publish for DKIM"
certificate=$(curl -sS "$api/api/certificate?page%5Bsize%5D=100" -H "Authorization: Bearer $token" | python3 -c 'import json,sys
domain = sys.argv[1].rsplit("@", 1)[1]
print(next(r["id"] for r in json.load(sys.stdin)["data"] if r["attributes"]["hostname"] == domain))' "$address")
curl -sS "$api/action/certificate/dkim_record" -H "Authorization: Bearer $token" \
    -d "{\"attributes\":{\"certificate_id\":\"$certificate\"}}" | python3 -m json.tool
