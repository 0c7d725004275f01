"""Prints docs/client-reference-python.md: what `agent_identity_client` exports, with the words of its docstrings.

It reads the sources and imports nothing, so it needs no installation.
"""

import ast
import re
import sys
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "lib/client-python/src/agent_identity_client"

INTRODUCTION = """<!-- Generated from the docstrings by `npm run docs:reference`. -->

# Client library in Python

The package `agent-identity-client` exports these functions and classes of the module `agent_identity_client`. [Use the client libraries](client.md) shows how to use them. [Client library](client-reference.md) is the reference of the package for TypeScript."""

FIELD = re.compile(r"^:(param|returns?|raises)\s*([^:]*):\s*(.*)$", re.DOTALL)

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Module:
    """A source file, with its top-level names."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text)
        self.definitions = {
            node.name: node
            for node in self.tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }
        self.imports = {
            alias.asname or alias.name: node.module
            for node in self.tree.body
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module
            for alias in node.names
        }

    def source(self, node: ast.AST | None) -> str:
        if node is None:
            return ""
        text = re.sub(r"\s+", " ", ast.get_source_segment(self.text, node) or "")
        return text.replace("[ ", "[").replace(" ]", "]")

    def exported(self) -> list[str]:
        for node in self.tree.body:
            if isinstance(node, ast.Assign) and self.source(node.targets[0]) == "__all__":
                return ast.literal_eval(node.value)
        raise LookupError("The module has no __all__.")


def linked(text: str) -> str:
    """Links to the documents that docstrings name, from docs/."""
    return re.sub(r"\bdocs/([a-z-]+\.md)", r"[\1](\1)", text)


def docstring(node: Definition) -> tuple[str, list[tuple[str, str, str]]]:
    """Returns the text, in paragraphs, and the fields: kind, name, and words."""
    text, fields = [], []
    for block in (ast.get_docstring(node) or "").split("\n\n"):
        items = []
        for part in re.split(r"\n(?=:|- )", block):
            words = " ".join(part.split())
            field = FIELD.match(words)
            if field:
                fields.append(field.groups())
            elif words:
                items.append(linked(words))
        if items:
            text.append("\n".join(items))
    return "\n\n".join(text), fields


def heading(name: str) -> str:
    return f"### {name}"


def call(name: str, arguments: ast.arguments, module: Module, *, bound: bool = False) -> str:
    """Returns a call with the names of the arguments, such as `get_access_token(options)`."""
    positional = [*arguments.posonlyargs, *arguments.args][1 if bound else 0 :]
    required = len(positional) - len(arguments.defaults)
    parts = [
        argument.arg if index < required else f"{argument.arg}={module.source(arguments.defaults[index - required])}"
        for index, argument in enumerate(positional)
    ]
    if arguments.vararg:
        parts.append(f"*{arguments.vararg.arg}")
    elif arguments.kwonlyargs:
        parts.append("*")
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        parts.append(f"{argument.arg}={module.source(default)}" if default else argument.arg)
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    return f"{name}({', '.join(parts)})"


def field_lines(fields: list[tuple[str, str, str]], arguments: ast.arguments, module: Module) -> list[str]:
    everything = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    types = {argument.arg: module.source(argument.annotation) for argument in everything}
    lines = []
    for kind, name, words in fields:
        if kind == "param":
            stated = types.get(name)
            lines.append(f"- `{name}`{f' (`{stated}`)' if stated else ''}: {linked(words)}")
        elif kind == "raises":
            lines.append(f"- Raises {', '.join(f'`{one}`' for one in name.split(', ') if one)}{': ' if name else ''}{words}")
        else:
            lines.append(f"- Returns {linked(words)}")
    return lines


def function_parts(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> list[str]:
    text, fields = docstring(node)
    returned = module.source(node.returns)
    signature = f"`{call(name, node.args, module)}`{f', returns `{returned}`' if returned else ''}"
    return [part for part in (text, signature, "\n".join(field_lines(fields, node.args, module))) if part]


def attribute_line(node: ast.AnnAssign, following: ast.stmt | None, module: Module) -> str:
    name, kind = module.source(node.target), module.source(node.annotation)
    default = module.source(node.value)
    stated = re.search(r"\bdefault=([^,)]+)", default) if default.startswith("field(") else None
    value = (stated[1] if stated else "") if default.startswith("field(") else default
    words = ""
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        words = linked(" ".join(str(following.value.value).split()))
    ending = f" Default: `{value}`." if value else ""
    if words and ending and not words.endswith("."):
        words += "."
    return f"- `{name}` (`{kind}`){':' if words or ending else ''}{f' {words}' if words else ''}{ending}"


def class_parts(name: str, node: ast.ClassDef, module: Module) -> list[str]:
    text, fields = docstring(node)
    bases = [module.source(base) for base in node.bases]
    known = [base for base in bases if base not in ("Protocol", "TypedDict")]
    constructor, lines, methods = ast.arguments([], [], None, [], [], None, []), [], []
    signature = ""
    for index, child in enumerate(node.body):
        if isinstance(child, ast.AnnAssign) and not module.source(child.target).startswith("_"):
            following = node.body[index + 1] if index + 1 < len(node.body) else None
            lines.append(attribute_line(child, following, module))
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if child.name == "__init__":
            constructor = child.args
            # Errors are raised by the package alone.
            signature = "" if name.endswith("Error") else f"`{call(name, child.args, module, bound=True)}`"
        if child.name.startswith("_"):
            continue
        words, own = docstring(child)
        words = " ".join(words.split())
        if any(module.source(one) == "property" for one in child.decorator_list):
            lines.append(f"- `{child.name}` (`{module.source(child.returns)}`){f': {words}' if words else ''}")
        else:
            head = f"- `{call(child.name, child.args, module, bound=True)}`, returns `{module.source(child.returns)}`"
            methods += [f"{head}{f': {words}' if words else ''}", *(f"  {line}" for line in field_lines(own, child.args, module))]
    return [
        part
        for part in (
            text,
            signature,
            "\n".join(field_lines(fields, constructor, module)),
            f"**Attributes**\n\n{chr(10).join(lines)}" if lines else "",
            f"**Methods**\n\n{chr(10).join(methods)}" if methods else "",
            f"Also has the members of {', '.join(f'`{base}`' for base in known)}." if known and known != ["Exception"] else "",
        )
        if part
    ]


def entry(name: str, title: str, module: Module) -> list[str]:
    """The entry of a name, in the module that defines it."""
    while name not in module.definitions and name in module.imports:
        module = Module(SOURCE / f"{module.imports[name]}.py")
    node = module.definitions.get(name)
    if isinstance(node, ast.ClassDef):
        return [heading(title), *class_parts(name, node, module)]
    if node is not None:
        return [heading(title), *function_parts(name, node, module)]
    for other in module.tree.body:
        if isinstance(other, ast.Assign) and module.source(other.targets[0]) == name:
            return [heading(title), f"`{module.source(other.value)}`"]
    raise LookupError(f"The module does not define {name}.")


def main() -> None:
    parts = [INTRODUCTION]
    package, mcp = Module(SOURCE / "__init__.py"), Module(SOURCE / "mcp.py")
    names = package.exported()
    for title, chosen in (
        ("Functions", [name for name in names if name[0].islower()]),
        ("Classes and types", [name for name in names if name[0].isupper()]),
    ):
        parts.append(f"## {title}")
        for name in sorted(chosen, key=str.lower):
            parts += entry(name, name, package)
    parts.append("## For MCP")
    for name in sorted(mcp.exported()):
        parts += entry(name, f"{name} of agent_identity_client.mcp", mcp)
    sys.stdout.write("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
