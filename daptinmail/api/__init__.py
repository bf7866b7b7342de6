"""HTTP edge: JSON:API, actions and ``_config`` in Daptin's dialect, served by Klein.

In reading order:

``app``             ``Api``: every route, and the resource they make
``site``            the HTTP factory: limits, time-outs
``front``           refuses requests that no route could read
``call``            one request as the routes see it; the answer they give
``guard``           what stands around each route: rate, errors, headers, a client that hangs up
``authentication``  where a token is read, when a cookie counts, who may come in
``rates``           how many requests an address may send
``problems``        any error -> status and body
``repeating``       the ``Idempotency-Key`` header
``types``           the table of the API's types: attributes and relationships
``coercion``        JSON values -> values of a type
``documents``       records -> JSON:API documents
``drafts``          JSON:API documents -> drafts
``queries``         URL parameters -> ``Query``
``inclusion``       ``included_relations``
``rows``            routes of ``/api/{type}``
``relations``       routes of ``/api/{type}/{id}/{relationship}``
``configuration``   routes of ``/_config``
``domains``         routes of ``/domains``
``client_documents``  what mail programs read to set themselves up
``client_set_up``   routes of those documents, and of the MTA-STS policy
``pages``           the page at ``/``, ``/ping``, ``/health``
``actions``         ``/action/{type}/{name}``

Importing ``app`` imports Klein, which installs the reactor.
"""
