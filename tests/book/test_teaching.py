"""What an instructor relies on: the exam, the solutions apart from students, the laptop check."""

import re
import shlex
import subprocess
import sys
import zipfile
from itertools import pairwise

import pytest

QUESTIONS, POINTS = 6, 5


@pytest.fixture(scope="module")
def exam(repository):
    return (repository / "book" / "instructors" / "exam.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def guide(repository):
    return (repository / "book" / "instructor_guide.md").read_text(encoding="utf-8")


def test_every_question_has_a_good_a_middling_and_a_poor_answer(exam):
    asked, answered = exam.split("## Sample answers")
    titles = re.findall(r"^\*\*(\d\. .+?)\.\*\*", asked, re.M)
    assert len(titles) == QUESTIONS
    answers = re.split(r"^### ", answered.split("## Grades")[0], flags=re.M)[1:]
    assert [text.splitlines()[0] for text in answers] == titles
    for text in answers:
        kinds = re.findall(r"^\*\*(\w+), (\d) points?\.\*\*", text, re.M)
        assert [kind for kind, _ in kinds] == ["Good", "Middling", "Poor"], text
        points = [int(number) for _, number in kinds]
        assert points[0] == POINTS and points == sorted(points, reverse=True), text


def test_the_grades_cover_all_points(exam):
    spans = re.findall(r"^\| (\d+)–(\d+) \|", exam, re.M)
    ends = [tuple(map(int, span)) for span in spans]
    assert ends[0][1] == QUESTIONS * POINTS and f"below {ends[-1][0]}" in exam
    assert all(low == high + 1 for (low, _), (_, high) in pairwise(ends))


def test_no_page_leads_to_the_exam_or_the_solutions(repository):
    pages = [repository / "_toc.yml", *(repository / "book").glob("*.md")]
    pages += [*(repository / "notebooks").glob("*.py")]
    for path in pages:
        text = path.read_text(encoding="utf-8")
        links = re.findall(r"\]\(([^)]*)\)|\{doc\}`([^`]*)`|file: (\S+)|href=\"([^\"]*)\"", text)
        found = [
            link for each in links for link in each if re.search("instructors/|solution", link)
        ]
        assert not found, f"{path.name}: {found}"


def test_the_built_book_holds_neither(quick_book):
    names = [path.as_posix() for path in quick_book.rglob("*")]
    assert not [name for name in names if re.search("exam\\.|solutions/", name)]


def test_instructors_get_both(script, repository, tmp_path):
    release = script("scripts/release.py")
    (tmp_path / "solutions-0.0.0.zip").write_text("old")
    release.solutions(repository, tmp_path)
    (bundle,) = tmp_path.iterdir()
    assert bundle.name == f"solutions-{release.versions(repository)['pyproject.toml']}.zip"
    with zipfile.ZipFile(bundle) as packed:
        names = set(packed.namelist())
    own = {f"solutions/{p.name}" for p in (repository / "notebooks" / "solutions").glob("*.py")}
    assert names == own | {"exam.md"} and len(own) > 8


def test_the_minutes_of_the_plan_follow_each_other(guide):
    plan = re.findall(r"^\| (\d+)–(\d+) \| (\d+) ", guide, re.M)
    starts, ends, slides = ([int(row[i]) for row in plan] for i in range(3))
    assert starts[0] == 0 and ends[-1] == 90 and starts[1:] == ends[:-1]
    assert slides == list(range(1, len(slides) + 1))


def test_the_plan_is_that_of_the_slides(repository, guide):
    text = (repository / "notebooks" / "slides.py").read_text(encoding="utf-8")
    slides = re.findall(r'"slide"\} minutes=(\d+).*\n# ## (.+)', text)
    plan = re.findall(r"^\| (\d+)–(\d+) \| \d+ ([^|]+?) \|", guide, re.M)
    assert [(str(int(end) - int(start)), title) for start, end, title in plan] == slides


def test_the_check_of_a_laptop_prints_a_tick(repository, guide, quick_book):
    data = repository / "results" / "quick" / "exercises"
    for python in ("env/bin/python", r"env\Scripts\python"):
        (line,) = (text.strip() for text in guide.splitlines() if f"{python} -c" in text)
        program = shlex.split(line.split(" ", 1)[1])[1]
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, cwd=data, capture_output=True, text=True, encoding="utf-8")
        assert done.returncode == 0 and done.stdout.startswith("✓ "), done.stderr
