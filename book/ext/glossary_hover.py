"""Sphinx extension: the definition of a term appears when the pointer rests on a link to it.

Links written {term}`word` lead to the glossary.  Here they also get the definition as their
title, so that a reader need not leave the sentence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from docutils import nodes

if TYPE_CHECKING:
    from sphinx.application import Sphinx

GLOSSARY = "book/glossary"
LONGEST = 300  # characters


def definitions(doctree: nodes.document) -> dict[str, str]:
    """Definition of each term of a glossary page, {id of the term: plain text}."""
    found: dict[str, str] = {}
    for item in doctree.findall(nodes.definition_list_item):
        text = " ".join(item.next_node(nodes.definition).astext().split())
        text = re.sub(r" See [a-z-]+\.$", "", text)  # a link, of which only the label is left
        if len(text) > LONGEST:
            text = text[:LONGEST].rsplit(" ", 1)[0] + " …"
        found |= {name: text for term in item.findall(nodes.term) for name in term["ids"]}
    return found


def add_definitions(app: Sphinx, doctree: nodes.document, page: str) -> None:
    """Give every link of a page to a term its definition as a title."""
    env: Any = app.env  # on which we keep the definitions between pages
    if not hasattr(env, "terms_defined"):
        env.terms_defined = definitions(env.get_doctree(GLOSSARY))
    for link in doctree.findall(nodes.reference):
        target = link.get("refuri", "").partition("#")[2] or link.get("refid", "")
        if target.startswith("term-") and target in env.terms_defined:
            link["reftitle"] = env.terms_defined[target]


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx what this extension adds."""
    app.connect("doctree-resolved", add_definitions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
