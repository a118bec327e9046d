"""The console's port."""

import socket

from demo.ports import listen


def port_of(listener: socket.socket) -> int:
    with listener:
        port: int = listener.getsockname()[1]
    return port


def test_wanted_port_is_taken_when_it_is_free() -> None:
    port = port_of(listen(0))
    assert port_of(listen(port)) == port


def test_next_port_is_taken_when_somebody_listens() -> None:
    with listen(0) as listener:
        taken = listener.getsockname()[1]
        assert port_of(listen(taken)) != taken


def test_listener_on_all_addresses_is_seen() -> None:
    with socket.create_server(("", 0)) as listener:
        taken = listener.getsockname()[1]
        assert port_of(listen(taken)) != taken


def test_it_listens_already() -> None:
    with listen(0) as listener:
        socket.create_connection(listener.getsockname()).close()


def test_port_of_a_connection_that_has_just_ended_is_free() -> None:
    with listen(0) as listener:
        port: int = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        served, _ = listener.accept()
        # The side that closes first, here the server, keeps the port's name for a minute.
        served.close()
        client.close()
    assert port_of(listen(port)) == port


def test_any_port_will_do_when_none_of_the_next_is_free() -> None:
    with listen(0) as listener:
        taken = listener.getsockname()[1]
        assert port_of(listen(taken, tries=1)) not in (0, taken)
