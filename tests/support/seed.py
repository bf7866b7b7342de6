"""The commands of the enabling walk-through, as users paste them; token and id of the server are to be filled in."""

CREATE_SERVER = r"""
curl 'http://localhost:8080/api/mail_server' -X POST \
  -H 'Content-Type: application/vnd.api+json' \
  -H 'Authorization: Bearer <TOKEN>' \
  --data-raw '{"data":{"type":"mail_server","attributes":{"always_on_tls":true,"authentication_required":true,"hostname":"mail.example.com","is_enabled":true,"listen_interface":"0.0.0.0:465","max_clients":"20","max_size":"10000","permission":0,"xclient_on":false}},"meta":{}}'
"""  # noqa: E501 - as pasted
CREATE_ACCOUNT = r"""
curl 'http://localhost:8080/api/mail_account' -X POST \
  -H 'Content-Type: application/vnd.api+json' \
  -H 'Authorization: Bearer <TOKEN>' \
  --data-raw '{"data":{"type":"mail_account","attributes":{"password":"password","password_md5":"password","permission":0,"username":"email-address"},"relationships":{"mail_server_id":{"data":{"id":"e494c2d1-ff68-4ed5-bf9c-b4804aeec0fb","type":"mail_server"}}}},"meta":{}}'
"""  # noqa: E501 - as pasted
EXAMPLE_ID = "e494c2d1-ff68-4ed5-bf9c-b4804aeec0fb"
ENABLE_IMAPS = r"""
curl --location --request POST 'localhost:6336/_config/backend/imps.enabled' \
    --header 'Content-Type: application/json' \
    --header 'Authorization: Bearer <TOKEN>' \
    --data-raw 'true'
"""
SET_INTERFACE = r"""
curl --location --request POST 'localhost:6336/_config/backend/imap.listen_interface' \
    --header 'Content-Type: application/json' \
    --header 'Authorization: Bearer <TOKEN>' \
    --data-raw '0.0.0.0:465'
"""
SET_HOSTNAME = r"""
curl --location --request POST 'localhost:6336/_config/backend/hostname' \
    --header 'Content-Type: application/json' \
    --header 'Authorization: Bearer <TOKEN>' \
    --data-raw 'imps.example.com'
"""
RESTART = r"""
curl 'http://localhost:8080/action/world/restart_daptin' -X POST \
    -H 'Authorization: Bearer <TOKEN>' \
    -H 'Content-Type: application/json;charset=utf-8' \
    --data-raw '{"attributes":{}}'
"""
