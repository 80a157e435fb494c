"""Texts that nobody would write: random tokens, and real files cut short."""

import random
import re

SPACES = [" ", " ", " ", "\n", "\n", "\n", "", "", "\t", "\f"]


def vocabulary(text):
    """Separated by ~; line breaks are none, and ⏎ is one."""
    return "".join(text.splitlines()).replace("⏎", "\n").replace("␉", "\t").split("~")


SQL = vocabulary(r"""select~1~x~,~+~e~E~u&~U&~n~b~begin~end~case~atomic~create~function~procedure~or~replace~
create function f()~create or replace procedure p()~begin atomic~end;~return 1;~END~Begin~endx~end$~
"end"~case when~a.b~1e~1.~.5~1..~1x~1e5~1e+~0x1F~x$a$~x$~$1~$~$1$~_~é~e1~as~with~-~*~/~<~>=~[~]~{~}~#~
@~=~|~||~!~%~^~&~?~.~...~1_000""")

QUOTES = vocabulary(r"""'~''~"~""~$$~$a$~$b$~$a~e'~E'~\'~\\'~U&'~u&"~n'~x'~'a'~"a"~'it''s'~$$ a $$~
e'a\'b'~'⏎'~'a'⏎'b'~e'a'⏎'b'~--~-- it's~--⏎~/*~*/~/* */~/**/~/*/~**~/*/**/*/~(~)~()~((~))~;~;~;~;~;~
\;~\:~::~:=~::x$a$~:x$a$~:e'~:'x'~:"x"~:{?x}~:'x~:"~:{~:x,~::e'""")

COMMANDS = vocabulary(r"""\echo a~\echo 'a~\echo "a~\echo `a~\echo 'a' "b" c~\echo :x :'x~\g~\g~\gx~
\g |x~\g x~\g (border=1)~\g (border=1~\g (nothing=1)~\gset p_~\gdesc~\gexec~\r~\reset~\p~\print~
\if true~\if false~\if 0~\if on~\if 'no'~\if no no~\if~\elif true~\elif 0~\else~\else~\endif~\endif~
\endif~\set y 'a~\qecho~\foo~\foo 'a~\G~\\~\\~\~\\ ~\! x~\! 'x~\copy t from stdin~\copy t to stdout~
\copy u from stdout csv~\COPY u (a) from stdin;⏎~\copy t from~\copy t from stdin.csv~
\copy binary u from pstdout~\qecho 'a'~\o |x~\sf f~\h select~\help 'x~\dt~\dt 'a~\dz~\q~\restrict k~
\unrestrict k~\unrestrict k~\unrestrict~\warn a~\a~\x⏎~\pset border 1⏎~\timing off⏎~\unset y~\unset~\i~
\sv+ a \\~\echo a\~\echo a\\~\echo '\'a~\echo ''''~\g 'a' \\~\r\\~\r;~\p\g""")

COPIES = vocabulary(r"""copy t from stdin~copy u from stdin~copy u (a) from stdin csv~COPY t FROM STDOUT~
copy t to stdout~copy u from stdin with (format csv)~copy binary u from stdin~copy t from stdin binary~
copy (select 1) to stdout~copy u from stdin.~copy u from 'stdin'~copy "T x" from stdin~
copy s.t from stdin~copy from stdin~copy t (a,b) from stdin (format 'text', null 'x')~
copy t from stdin delimiter ';'~copy t from /* x */ stdin -- y⏎~
copy u from stdin;⏎\.⏎~copy u from stdin;⏎it's⏎\.⏎~copy u from stdin \g⏎\.⏎~⏎\.⏎~⏎\.⏎~⏎\.⏎~⏎\. ⏎~\.~
⏎ a␉b⏎""")

GROUPS = [(SQL, 5), (QUOTES, 6), (COMMANDS, 4), (COPIES, 1)]


def some_tokens(chance):
    """One text; most are closed again, so that more than the first mistake is seen."""
    groups = chance.choices([g for g, _ in GROUPS], [w for _, w in GROUPS],
                            k=chance.choice((1, 2, 3, 4, 6, 9, 14, 20)))
    parts = []
    for group in groups:
        parts.append(chance.choice(group))
        parts.append(chance.choice(SPACES))
    text = "".join(parts)
    if chance.random() < 0.3:
        text += chance.choice(["\n", ""]) + "".join(chance.choices(
            ["'", "*/", "$a$", "$$", '"', ")", ";", "end;", "\n\\endif", "\n\\.\n", "\\r"],
            k=chance.choice((1, 1, 2, 3))))
    if chance.random() < 0.6:
        text += ";"
    return text


def tokens(count, seed):
    chance = random.Random(seed)
    return [some_tokens(chance) for _ in range(count)]


# What would end the script, take its output away, or need tables that are not there.
LEFT_OUT = re.compile(r"\\(?:c|connect|o|out|i|ir|include\w*|!|cd|prompt|password|watch|e|ef|ev)\b|"
                      r"from\s+std(?:in|out)|ON_ERROR_STOP|\bECHO\b|standard_conforming|\n:", re.I)


def cut(texts, count, seed):
    """Parts of real files, from the beginning of one line to anywhere."""
    chance = random.Random(seed)
    good = [text for text in texts if 0 < len(text) < 20000 and not LEFT_OUT.search(text)]
    result = []
    for _ in range(count if good else 0):
        text = chance.choice(good)
        end = chance.randrange(len(text)) + 1
        start = text.rfind("\n", 0, chance.randrange(end)) + 1 if chance.random() < 0.5 else 0
        result.append(text[start:end])
    return result
