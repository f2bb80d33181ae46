"""Goal: what a caller entrusts to us does not get into the logs."""

import structlog

from countermand.surfaces.cli.place import quiet_logs


def test_a_logged_exception_shows_no_variables(capsys):
    """A traceback names files and lines; the key in a local variable stays where it is."""
    quiet_logs("error")
    presented = "Bearer " + "cm_k-7_" + "very-secret"
    try:
        raise LookupError(len(presented))
    except LookupError:
        structlog.get_logger().exception("unexpected_error")
    printed = capsys.readouterr()
    assert "LookupError" in printed.err
    assert "unexpected_error" in printed.err
    assert "very-secret" not in printed.err + printed.out
