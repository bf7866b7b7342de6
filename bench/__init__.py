"""A public, repeatable benchmark: daptinmail beside other mail servers, in the same run on the same machine.

``__main__``    the command line
``corpus``      the messages: made from numbers, the same in every run
``client``      an IMAP client of raw sockets that adds as little as it can
``crowd``       many connections at once
``processes``   servers as processes: start, CPU time, memory
``certificate`` a certificate for peers that make none themselves
``machine``     what this machine is
``peers``       the servers that are compared
``site``        one peer, filled, with a session open
``filling``     the same messages into each
``samples``     what one turn of one measurement gave
``measures``    what is measured
``prober``      a second client in a process of its own, which asks how long it must wait
``turns``       A B A B
``profiling``   where the time goes
``goals``       what is expected
``report``      the table, and JSON
"""
