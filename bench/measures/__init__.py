"""What is measured. Each measurement runs against one site at a time and answers samples.

``measure``     the shape of all
``opening``     SELECT
``fetching``    FETCH
``searching``   SEARCH
``changing``    STORE, COPY, MOVE, EXPUNGE
``appending``   APPEND
``connecting``  LOGIN, memory of idle sessions
``noticing``    IDLE and NOOP: how soon, and at what cost, a session hears of a change
``waiting``     how long a session waits while another has a long answer
``all``         all of them, in the order in which they harm one another least
"""
