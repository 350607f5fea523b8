"""The Features page on three tones."""

import pytest
from pytestqt.qtbot import QtBot

from core.spec import TrialSpec
from tests.workbench.features.actions import open_page
from workbench.jobs import Jobs
from workbench.pages.features import FeaturesPage
from workbench.preferences import Preferences
from workbench.session import Session


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, tiny_spec: TrialSpec) -> FeaturesPage:
    session.tell_spec(tiny_spec)
    return open_page(qtbot, session, jobs, preferences)
