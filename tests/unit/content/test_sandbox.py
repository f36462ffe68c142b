"""What templates cannot do: decide with a customer's value, reach Python, or never end."""

from __future__ import annotations

import pytest

from campaigns.domain.channel import Channel
from tests.unit.content.files import Files

COPY = "campaigns/sale/copy.en.yaml"

LOGIC = [
    "{% if customer.first_name %}x{% endif %}",
    "{% if customer.points > 3 %}x{% endif %}",
    "{% if customer.first_name == 'Ana' %}x{% endif %}",
    "{% if 'a' in customer.first_name %}x{% endif %}",
    "{% if customer.first_name in ['a'] %}x{% endif %}",
    "{% if customer.first_name is defined %}x{% endif %}",
    "{% if not customer.first_name %}x{% endif %}",
    "{{ 'x' if customer.first_name else 'y' }}",
    "{{ customer.first_name or 'friend' }}",
    "{% for letter in customer.first_name %}x{% endfor %}",
    "{{ customer.points + 1 }}",
    "{{ 1 - customer.points }}",
    "{{ customer.points * 2 }}",
    "{{ -customer.points }}",
    "{{ customer.points // 2 }}",
    "{{ customer.first_name ~ '!' }}",
    "{{ 'Hi ' + customer.first_name }}",
    "{{ '%s' % customer.first_name }}",
    "{{ customer.first_name | upper }}",
    "{{ customer.first_name | replace('a', 'b') }}",
    "{{ customer.first_name | length }}",
    "{{ customer.first_name | default('friend') }}",
    "{{ customer.first_name | e }}",
    "{{ customer.first_name | string }}",
    "{{ customer.points | int }}",
    "{{ [customer.first_name] | join(', ') }}",
    "{{ [customer.first_name, 'b'] | map('upper') | first }}",
    "{{ [customer.points, 3] | sum }}",
    "{{ [customer.points, 3] | max }}",
    "{{ customer.first_name.upper() }}",
    "{{ customer.first_name[0] }}",
    "{{ customer.first_name() }}",
    "{{ 'x'.join([customer.first_name]) }}",
    "{{ {customer.first_name: 1} | length }}",
    "{{ 'abc'[customer.points] }}",
    "{{ range(customer.points) | list | length }}",
    "{{ customer.first_name | or_else(customer.last_name) }}",
    "{{ 'a' | or_else('b') }}",
    "{% set x = customer.first_name | string %}{{ x }}",
]


@pytest.mark.parametrize("template", LOGIC)
def test_a_customers_value_can_only_be_printed(files: Files, template: str) -> None:
    line = files.english("Buy now", "'" + template.replace("'", "''") + "'")
    (finding,) = files.findings()
    assert finding.startswith(f"{COPY}:{line}: ")


def test_branching_on_a_customers_value_says_to_declare_a_trait(files: Files) -> None:
    line = files.english("Buy now", '"{% if customer.points %}x{% endif %}"')
    (finding,) = files.findings()
    assert finding.startswith(f"{COPY}:{line}: `customer.points` differs per customer, so a")
    assert "in a condition" in finding
    assert "declare a trait in campaign.yaml" in finding


@pytest.mark.parametrize(
    "template",
    [
        "{% filter upper %}{{ customer.first_name }}{% endfilter %}",
        "{% set x %}{{ customer.first_name }}{% endset %}{{ x | title }}",
        "{% set x %}{{ customer.first_name }}{% endset %}{{ x | length }}",
        "{% set x %}{{ customer.first_name }}{% endset %}{{ x.upper() }}",
        "{% macro m(n) %}{{ n }}{% endmacro %}{{ m(customer.first_name) | truncate(3) }}",
    ],
)
def test_text_that_holds_a_printed_value_cannot_be_changed_as_if_it_were_the_value(
    files: Files, template: str
) -> None:
    files.english("Buy now", f'"{template}"')
    (finding,) = files.findings()
    assert "would not reach the customer's value" in finding


def test_a_printed_value_may_be_set_included_joined_and_passed_to_a_macro(files: Files) -> None:
    files.write("layouts/parts.j2", "{% macro hello(who) %}Hi {{ who }}{% endmacro %}")
    files.change(
        "layouts/sms.txt.j2",
        "{{ brand.name }}",
        "{% from 'parts.j2' import hello %}{{ hello(customer.first_name | or_else('you')) }}"
        "{% set x %}{{ customer.first_name | or_else('you') }}{% endset %}"
        "{{ [x, 'b'] | join('-') | trim }}",
    )
    body = files.skeleton(Channel.SMS).parts["body"]
    assert [hole.slot for hole in body.holes] == ["first_name", "first_name"]
    assert body.literals[:2] == ("Hi ", "")


INJECTION = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ customer.__class__ }}",
    "{{ customer.__init__.__globals__ }}",
    "{{ facts.__class__.__mro__ }}",
    "{{ facts['__class__'] }}",
    "{{ facts.get('__class__').__base__ }}",
    "{{ '' | attr('__class__') }}",
    "{{ [''] | map(attribute='__class__') | list }}",
    "{{ [''] | map(attribute='upper.__func__') | first }}",
    "{{ [''] | selectattr('__class__') | list }}",
    "{{ [''] | groupby('__class__') | list }}",
    "{{ [''] | sort(attribute='__class__') | list | first }}",
    "{{ 'a{0.__class__}'.format(1) }}",
    "{{ 'a{x.__class__}'.format_map({'x': 1}) }}",
    "{{ '{}' | format(1) }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ range.__self__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ joiner }}",
    "{{ lipsum() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ config }}",
    "{{ request }}",
    "{{ [].append(1) }}",
    "{{ facts.update({'discount': '99%'}) }}",
    "{{ facts.clear() }}",
    "{{ traits.pop('x') }}",
    "{{ 'x' | pprint }}",
    "{{ [1, 2] | random }}",
    "{{ {'a': 1} | tojson }}",
    "{% include '/etc/passwd' %}",
    "{% include '../brand.yaml' %}",
    "{% import 'os' as os %}{{ os.environ }}",
    "{% extends '/etc/hosts' %}",
    '{{ "\\U000F0000" }}',
    '{{ "\\u0007" }}',
    "{{ brand }}",
    "{{ facts }}",
    "{{ none }}",
    "{{ true }}",
    "{{ facts.items }}",
]


@pytest.mark.parametrize("template", INJECTION)
def test_an_injection_ends_in_one_error_at_its_file(files: Files, template: str) -> None:
    line = files.english("Buy now", f"|\n  {template}") + 1
    files.change("layouts/sms.txt.j2", "{{ legal }}", "{{ legal }} {{ copy.call_to_action }}")
    findings = files.findings()
    assert findings
    assert all(
        f.startswith((f"{COPY}:{line}: ", "layouts/email.html.j2: ", "layouts/sms.txt.j2: "))
        for f in findings
    ), findings


def test_a_layout_may_not_reach_python_either(files: Files) -> None:
    line = files.change("layouts/sms.txt.j2", "{{ legal }}", "{{ ''.__class__.__mro__ }}")
    findings = files.findings()
    assert findings == [f"layouts/sms.txt.j2:{line}: `__class__` is not allowed in a template."]


def test_a_missing_include_names_the_layouts_there_are(files: Files) -> None:
    files.change("layouts/sms.txt.j2", "{{ legal }}", "{% include 'email.text.j2' %}")
    (finding,) = files.findings()
    assert finding.startswith(
        "layouts/sms.txt.j2:2: there is no layout `email.text.j2`; did you mean `email.txt.j2`?"
    )


def test_a_fact_may_be_named_like_a_method(files: Files) -> None:
    files.campaign("  code: {code: SPRING20}", "  code: {code: SPRING20}\n  items: {number: 1200}")
    files.english("Buy now", "'{{ facts.items }} things'")
    text = "".join(files.skeleton(Channel.EMAIL).parts["html"].literals)
    assert "1,200 things" in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ facts.discont }}", "unknown fact `discont`; did you mean `discount`? allowed: disc"),
        ("{{ customer.frist_name }}", "unknown customer value `frist_name`; did you mean `first"),
        ("{{ links.unsubscribed }}", "unknown link `unsubscribed`; did you mean `unsubscribe`?"),
        ("{{ traits.is_member }}", "`traits.is_member` is not declared; name it under `traits`"),
        ("{{ customer.is_member }}", "`customer.is_member` is true or false and cannot be print"),
        ("{{ discount }}", "unknown name `discount`; did you mean `facts.discount`?"),
        ("{{ nothing }}", "unknown name `nothing`; texts may use facts, customer,"),
        ("{{ facts.discount", "this is not a Jinja2 template: "),
        ("{{ facts.discount | uper }}", "no filter named 'uper'"),
        ("{% if %}", "this is not a Jinja2 template: "),
    ],
)
def test_a_wrong_name_or_syntax_in_copy_is_told_at_its_line(
    files: Files, text: str, told: str
) -> None:
    line = files.english("Buy now", f'"{text}"')
    (finding,) = files.findings()
    assert finding.startswith(f"{COPY}:{line}: {told}"), finding


def test_all_wrong_names_are_told_at_once(files: Files) -> None:
    files.english('{{ facts.discount }} off"\nh', '{{ facts.a }} {{ facts.b }}"\nh')
    files.spanish("Comprar", '"{{ facts.c }}"')
    lines = [f.split(": ")[0] for f in files.findings()]
    assert lines == [f"{COPY}:1", f"{COPY}:1", "campaigns/sale/copy.es.yaml:5"]


def test_a_line_in_block_text_is_the_files_line(files: Files) -> None:
    files.english("Buy now", "|\n  one\n  two\n  {{ facts.discont }}")
    (finding,) = files.findings()
    assert finding.startswith(f"{COPY}:8: unknown fact")


def test_a_wrong_name_in_a_layout_is_told_at_its_line(files: Files) -> None:
    files.change("layouts/email.txt.j2", "{{ words.out }}", "{{ words.uot }}")
    assert [f.split(" add it")[0] for f in files.findings()] == [
        f"layouts/email.txt.j2:8: `words` in brand.yaml ({known}) has no `uot`; did you mean `out`?"
        for known in ("en", "es")
    ]


def test_a_word_that_one_language_lacks_names_the_language(files: Files) -> None:
    files.change("brand.yaml", "es: Baja", "ca: Baixa")
    assert any("`words` in brand.yaml (es) has no `out`; add it" in f for f in files.findings())


def test_all_words_that_a_language_lacks_are_told_at_once(files: Files) -> None:
    files.change("brand.yaml", "es: Baja", "ca: Baixa")
    files.change("brand.yaml", "words:\n", "words:\n  hello: {en: Hello}\n  hi: {en: Hi}\n")
    (said, *_) = files.findings()
    assert said.endswith("(es) has no `out`; add it there. Missing, too: `hello`, `hi`.")


@pytest.mark.parametrize(
    "words",
    [
        "{{ copy.headline | safe }}",
        "{{ customer.first_name | or_else('you') | safe }}",
        "{% autoescape false %}{{ copy.headline }}{% endautoescape %}",
        "{% filter safe %}{{ copy.headline }}{% endfilter %}",
    ],
)
def test_a_layout_cannot_turn_the_escaping_off(files: Files, words: str) -> None:
    line = files.change("layouts/email.html.j2", "</body>", f"<p>{words}</p></body>")
    (finding,) = set(files.findings())
    assert finding.startswith(f"layouts/email.html.j2:{line}: ")
