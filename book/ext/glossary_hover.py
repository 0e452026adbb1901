"""Sphinx extension: the definition of a term appears when the pointer rests on a link to it.

Links written ``{term}`word``` lead to the glossary.  Here they also get the definition as their
title, so that a reader need not leave the sentence.
"""

from docutils import nodes

GLOSSARY = "book/glossary"
LONGEST = 300  # characters


def definitions(doctree):
    """Definition of each term of a glossary page, {id of the term: plain text}."""
    found = {}
    for item in doctree.findall(nodes.definition_list_item):
        text = " ".join(item.next_node(nodes.definition).astext().split())
        if len(text) > LONGEST:
            text = text[:LONGEST].rsplit(" ", 1)[0] + " …"
        found |= {name: text for term in item.findall(nodes.term) for name in term["ids"]}
    return found


def add_definitions(app, doctree, page):
    if not hasattr(app.env, "terms_defined"):
        app.env.terms_defined = definitions(app.env.get_doctree(GLOSSARY))
    for link in doctree.findall(nodes.reference):
        target = link.get("refuri", "").partition("#")[2] or link.get("refid", "")
        if target.startswith("term-") and target in app.env.terms_defined:
            link["reftitle"] = app.env.terms_defined[target]


def setup(app):
    app.connect("doctree-resolved", add_definitions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
