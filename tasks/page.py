"""A run's page: its journal and its merges, as HTML."""

from tasks.atomic import write_atomically
from tasks.history import merges
from tasks.hub import Hub
from tasks.journal import Journal
from tasks.outcome import outcome_of
from tasks.report_html import render
from tasks.run_folder import RunFolder


def page_of(folder: RunFolder) -> str:
    """The page as it would be written now."""
    record = folder.record
    events = Journal(folder.journal).read()
    hub = Hub(folder.hub, folder.run, record.plan, record.start)
    return render(events, outcome_of(events), merges(folder.hub, record.start, hub.plan_tip))


def write_page(folder: RunFolder) -> None:
    """Write the page into the run's folder."""
    write_atomically(folder.report, page_of(folder).encode())
