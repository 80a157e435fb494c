/* The comment checks of text/lexer_copy.c and lexer.c. After test_text.c, whose text_random
 * it uses. */

SUITE(lexer, NULL, NULL);

/* ==== The lexers: a table ================================================ */

typedef struct lexer_case {
    const char *name;
    const char *text;
    const char *what;
    uint64_t line;
} lexer_case;

#define OPEN_COMMENT "comment never closed"
#define OPEN_QUOTE "quote never closed"
#define OPEN_IDENTIFIER "quoted identifier never closed"
#define OPEN_DOLLAR "dollar quote never closed"
#define OPEN_COPY "COPY data never ended: no line \\. follows"
#define OPEN_TAG "dollar-quote tag longer than 255 bytes"
#define BOM "\xEF\xBB\xBF"

static const lexer_case lexer_cases[] = {
    {"empty", "", NULL, 0},
    {"one newline", "\n", NULL, 0},
    {"only a comment", "-- a 'b\n", NULL, 0},
    {"plain SQL", "CREATE TABLE a (b int);\nSELECT 1 - 2 / 3 & 4 # 5;\n", NULL, 0},
    /* Comments */
    {"comment", "/* a */", NULL, 0},
    {"comment open", "a\n/* b\n", OPEN_COMMENT, 2},
    {"comment nested", "/* /* */ */ a", NULL, 0},
    {"comment nested, one open: line of the outermost", "\n/* \n/* */\n", OPEN_COMMENT, 2},
    {"comment nested, both open", "/*\n/*\n", OPEN_COMMENT, 1},
    {"comment nested deep", "/*/*/*/**/*/*/*/'", OPEN_QUOTE, 1},
    {"/*/ opens and does not close", "/*/", OPEN_COMMENT, 1},
    {"/*/ and then */", "/*/ */'", OPEN_QUOTE, 1},
    {"**/ closes", "/***/'", OPEN_QUOTE, 1},
    {"*/* in a comment closes first", "/* */*'", OPEN_QUOTE, 1},
    {"//* in a comment nests", "/* //* */", OPEN_COMMENT, 1},
    {"quote in a comment", "/* ' */", NULL, 0},
    {"-- in a comment", "/* -- */ a", NULL, 0},
    {"$$ in a comment", "/* $$ */ a", NULL, 0},
    {"/* in a line comment", "-- /*\n", NULL, 0},
    {"*/ alone", "*/ a", NULL, 0},
    {"*/* between tokens opens", "a */* b", OPEN_COMMENT, 1},
    {"/* after an operator", "a +/* b", OPEN_COMMENT, 1},
    {"/ / *", "a / / * b", NULL, 0},
    {"/ newline *", "/\n* a", NULL, 0},
    {"comment closed, second open", "/* a */\n\n/* b\n\n", OPEN_COMMENT, 3},
    {"line comment at the end", "a -- b '", NULL, 0},
    {"line comment ends with its line", "-- a\n'", OPEN_QUOTE, 2},
    {"- - is no comment", "a - - '", OPEN_QUOTE, 1},
    {"- newline - is no comment", "a -\n- '", OPEN_QUOTE, 2},
    {"--- is a comment", "--- '\n", NULL, 0},
    {"-- after an operator", "a <-- '\n", NULL, 0},
    {"backslash in a line comment", "-- \\copy a from stdin\n'", OPEN_QUOTE, 2},
    /* Quotes */
    {"quote", "'a'", NULL, 0},
    {"quote open", "\n\n'a\nb", OPEN_QUOTE, 3},
    {"doubled quote", "'a''b'", NULL, 0},
    {"doubled quote, open: line of the first", "'a\n''b\n", OPEN_QUOTE, 1},
    {"only doubled quotes", "'''' ''", NULL, 0},
    {"three quotes", "'''", OPEN_QUOTE, 1},
    {"quote, space, quote", "'a' 'b", OPEN_QUOTE, 1},
    {"backslash is plain in a quote", "'a\\' b", NULL, 0},
    {"backslash is plain in a quote, open", "'a\\'' b", OPEN_QUOTE, 1},
    {"comment in a quote", "'/*' a", NULL, 0},
    {"line comment in a quote", "'--' '", OPEN_QUOTE, 1},
    {"$$ in a quote", "'$$' a", NULL, 0},
    {"double quote in a quote", "'\"' a", NULL, 0},
    {"identifier", "\"a\"", NULL, 0},
    {"identifier open", "a\n\"b\n", OPEN_IDENTIFIER, 2},
    {"identifier doubled", "\"a\"\"b\" c", NULL, 0},
    {"identifier doubled, open", "\"a\n\"\"b", OPEN_IDENTIFIER, 1},
    {"quote in an identifier", "\"'\" a", NULL, 0},
    {"backslash in an identifier", "\"\\\" a", NULL, 0},
    {"N quote", "N'a\\' b", NULL, 0},
    {"B quote", "B'01\\' b", NULL, 0},
    {"X quote", "x'1f\\' b", NULL, 0},
    {"U& quote", "U&'\\0041\\' b", NULL, 0},
    {"U& quote doubled", "u&'a''\n", OPEN_QUOTE, 1},
    {"U& identifier", "U&\"a\\\" b", NULL, 0},
    {"U& identifier open", "U&\"a\"\"", OPEN_IDENTIFIER, 1},
    {"typecast of a quote", "'a'::text || 'b'", NULL, 0},
    {"variable of psql", ":'a' :\"b\" ::c", NULL, 0},
    /* E'...' */
    {"E quote", "E'a\\'b'", NULL, 0},
    {"e quote", "e'a\\'b'", NULL, 0},
    {"E quote open", "\nE'a\\' b\n", OPEN_QUOTE, 2},
    {"E quote, doubled backslash", "E'a\\\\' '", OPEN_QUOTE, 1},
    {"E quote, doubled quote", "E'a''b\\'' c", NULL, 0},
    {"E quote, backslash newline", "E'a\\\n' b", NULL, 0},
    {"E quote, backslash at the end", "E'a\\", OPEN_QUOTE, 1},
    {"E quote, octal and hex", "E'\\47\\x27\\u0027\\'' a", NULL, 0},
    {"identifier before the quote", "fooE'a\\' b", NULL, 0},
    {"digit, e and quote", "1e'a\\' b", NULL, 0},
    {"_e and quote", "_e'a\\' b", NULL, 0},
    {"letter outside ASCII, e and quote",
     "\xC3\xA9"
     "e'a\\' b",
     NULL, 0},
    {"a$e and quote", "a$e'a\\' b", NULL, 0},
    {"$e and quote: e is an identifier", "$e'a\\'' b", NULL, 0},
    {"$1e and quote", "$1e'a\\' b", NULL, 0},
    {"e after a quote", "'a'e'b\\'' c", NULL, 0},
    {"e after a dollar quote", "$$a$$e'b\\'' c", NULL, 0},
    {"e after a parenthesis", "(e'b\\'') c", NULL, 0},
    {"E and a space", "E 'a\\' b", NULL, 0},
    {"E and an identifier", "E\"a\\\" b", NULL, 0},
    {"E quote at the start of a line", "a\nE'\\'' b", NULL, 0},
    {"E quote continues", "E'a'\n'b\\'' c", NULL, 0},
    {"E quote continues after spaces", "E'a' \t\n\n  'b\\'' c", NULL, 0},
    {"E quote continues after a comment", "E'a' -- d'\n'b\\'' c", NULL, 0},
    {"E quote continues after two comments", "E'a'\n-- d'\n --\n'b\\'' c", NULL, 0},
    {"E quote continues, open: line of its last quote", "E'a'\n\n'b\\'", OPEN_QUOTE, 3},
    {"E quote does not continue in its line", "E'a' 'b\\' c", NULL, 0},
    {"E quote does not continue after /* */", "E'a'\n/* */'b\\' c", NULL, 0},
    {"E quote does not continue after a word", "E'a'\nb 'b\\' c", NULL, 0},
    {"E quote does not continue after -", "E'a'\n- 'b\\' c", NULL, 0},
    {"E quote does not continue after a comment alone", "E'a'--\n+'b\\' c", NULL, 0},
    {"E quote, then end", "E'a' \n -- b", NULL, 0},
    {"plain quote continues plainly", "'a'\n'b\\' c", NULL, 0},
    {"E quote before a semicolon", "SELECT E'a';\nCOPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    /* Dollar quotes */
    {"dollar quote", "$$a$$", NULL, 0},
    {"dollar quote open", "a\n$$\n'\n", OPEN_DOLLAR, 2},
    {"dollar quote with a tag", "$a$ ' $a$", NULL, 0},
    {"dollar quote with a tag, open", "$a$ ' $b$ $$ $A$ $a", OPEN_DOLLAR, 1},
    {"other quotes within", "$a$ $$ ' $$ $b$ \" $b$ /* $a$", NULL, 0},
    {"$$ ends at the second of $$$", "$$ a $$$a$ ' $a$", NULL, 0},
    {"delimiter overlaps: $$a$", "$a$ x $$a$ b", NULL, 0},
    {"delimiter overlaps: $a$$", "$$ x $a$$ b", NULL, 0},
    {"delimiter overlaps: $a$a$", "$a$ x $a$a$", NULL, 0},
    {"delimiter overlaps: $ab$a$ab$", "$ab$ x $ab $a$ab$ b", NULL, 0},
    {"no newline in a tag", "$a\n$ '", OPEN_QUOTE, 2},
    {"no newline in the closing delimiter", "$a$ $\na$", OPEN_DOLLAR, 1},
    {"tag with digits", "$a1$ ' $a1$ b", NULL, 0},
    {"tag does not begin with a digit", "$1a$ '", OPEN_QUOTE, 1},
    {"tag with _ and bytes outside ASCII", "$_\xC3\xA9$ ' $_\xC3\xA9$", NULL, 0},
    {"parameters", "$1 + $2$3 '", OPEN_QUOTE, 1},
    {"parameter and dollar quote", "$1$a$ ' $a$", NULL, 0},
    {"number and dollar quote", "1$a$ ' $a$", NULL, 0},
    {"$ in an identifier", "a$b$c '", OPEN_QUOTE, 1},
    {"$$ in an identifier", "a$$b '", OPEN_QUOTE, 1},
    {"$ in a mixed identifier", "a1$b$ '", OPEN_QUOTE, 1},
    {"$ after a letter outside ASCII", "\xC3\xA9$b$ '", OPEN_QUOTE, 1},
    {"$ without a second", "$foo '", OPEN_QUOTE, 1},
    {"$ without a second, then a quote", "$foo$bar ' $foo$", NULL, 0},
    {"$ without a second, then $$", "$a $$ ' $$", NULL, 0},
    {"dollar quote after a parenthesis", "($$'$$)", NULL, 0},
    {"dollar quote after a dollar quote", "$$a$$$b$ ' $b$", NULL, 0},
    {"identifier after a dollar quote", "$$a$$b$c$ '", OPEN_QUOTE, 1},
    {"dollar sign alone", "$ '", OPEN_QUOTE, 1},
    {"function body",
     "CREATE FUNCTION f() AS $body$\nBEGIN\n  -- it's\n  x := 'a';\nEND\n"
     "$body$ LANGUAGE plpgsql;\n",
     NULL, 0},
    {"nested DO", "DO $x$ BEGIN EXECUTE $y$ ' $y$; END $x$;", NULL, 0},
    /* Commands of psql */
    {"command", "\\echo it's\n", NULL, 0},
    {"command ends with its line", "\\echo it's\n'", OPEN_QUOTE, 2},
    {"command after SQL", "SELECT 1 \\g it's /* $$\na", NULL, 0},
    {"backslash at the end of a line", "\\\n'", OPEN_QUOTE, 2},
    {"backslash at the end", "\\", NULL, 0},
    {"two backslashes", "\\\\ '\na", NULL, 0},
    {"\\; and \\:", "SELECT 1\\; SELECT ' \\: '", NULL, 0},
    {"\\; goes on", "\\; '", OPEN_QUOTE, 1},
    {"\\: goes on", "\\: '", OPEN_QUOTE, 1},
    {"\\. outside of data", "\\. '\n", NULL, 0},
    {"\\copy", "\\copy a from stdin\n'\n\\.\nb\n", NULL, 0},
    {"\\copy open", "\n\\copy a from stdin\n'\n", OPEN_COPY, 2},
    {"\\copy open at the end of its line", "\\copy a from stdin", OPEN_COPY, 1},
    {"\\COPY in capitals, with a column list", "\\Copy a(b, c) FROM STDIN csv;\n'", OPEN_COPY, 1},
    {"\\copy from a file", "\\copy a from 'stdin'\n'", OPEN_QUOTE, 2},
    {"\\copy from a file called stdin.csv", "\\copy a from stdin.csv\n'", OPEN_QUOTE, 2},
    {"\\copy from pstdin", "\\copy a from pstdin\n'", OPEN_QUOTE, 2},
    {"\\copy to stdout", "\\copy a to stdout\n'", OPEN_QUOTE, 2},
    {"\\copy of a query", "\\copy (select 1 from stdin) to 'b'\n'", OPEN_QUOTE, 2},
    {"\\copy of a quoted name", "\\copy \"x from stdin\" to 'b'\n'", OPEN_QUOTE, 2},
    {"\\copy ends with its line", "\\copy a from\nstdin\n'", OPEN_QUOTE, 3},
    {"\\copyx is something else", "\\copyx a from stdin\n'", OPEN_QUOTE, 2},
    {"\\copy between parts of a statement", "SELECT 1,\n\\copy a from stdin\n'\n\\.\n2 '",
     OPEN_QUOTE, 5},
    /* COPY */
    {"COPY", "COPY a FROM STDIN;\nit's\t\\N\n\\.\nSELECT 1;\n", NULL, 0},
    {"COPY open", "\nCOPY a\nFROM STDIN;\nit's\n", OPEN_COPY, 2},
    {"COPY without data", "COPY a FROM STDIN;\n\\.\n'", OPEN_QUOTE, 3},
    {"COPY at the end", "COPY a FROM STDIN;", OPEN_COPY, 1},
    {"COPY at the end, with newline", "COPY a FROM STDIN;\n", OPEN_COPY, 1},
    {"COPY, \\. at the end", "COPY a FROM STDIN;\nb\n\\.", NULL, 0},
    {"COPY, lines like \\.", "COPY a FROM STDIN;\n \\.\n\\. \n\\..\n\\.x\n.\n\\\n\\", OPEN_COPY, 1},
    {"COPY, \\\\.", "COPY a FROM STDIN;\n\\\\.\n", OPEN_COPY, 1},
    {"COPY in small letters", "copy a from stdin;\n'\n\\.\n", NULL, 0},
    {"COPY with options", "COPY a (b, c) FROM stdin WITH (FORMAT csv, QUOTE '\"');\n'\n\\.\n", NULL,
     0},
    {"COPY over lines and comments", "COPY -- '\n a /* ' */ FROM -- b\n /* */ STDIN\n;\n'\n\\.\n",
     NULL, 0},
    {"COPY from a file", "COPY a FROM 'stdin';\n'", OPEN_QUOTE, 2},
    {"COPY from a program", "COPY a FROM PROGRAM 'x' STDIN;\n'", OPEN_QUOTE, 2},
    {"COPY to stdout", "COPY a TO STDOUT;\n'", OPEN_QUOTE, 2},
    {"COPY of a query", "COPY (SELECT 1 FROM STDIN) TO STDOUT;\n'", OPEN_QUOTE, 2},
    {"COPY of a query is from nowhere", "COPY (SELECT 1;) FROM STDIN;\n'\n\\.\n", OPEN_QUOTE, 2},
    {"COPY of a table called from", "COPY \"from\" stdin;\n'", OPEN_QUOTE, 2},
    {"COPY, STDIN is part of a word", "COPY a FROM STDIN$x;\n'", OPEN_QUOTE, 2},
    {"COPY, FROM is part of a word", "COPY afrom STDIN;\n'", OPEN_QUOTE, 2},
    {"COPY, long word that ends in from", "COPY abcdefghfrom STDIN;\n'", OPEN_QUOTE, 2},
    {"COPY, something between FROM and STDIN", "COPY a FROM . STDIN;\n'", OPEN_QUOTE, 2},
    {"COPY, a number between FROM and STDIN", "COPY a FROM 1 STDIN;\n'", OPEN_QUOTE, 2},
    {"COPY is not the first word", "EXPLAIN COPY a FROM STDIN;\n'", OPEN_QUOTE, 2},
    {"COPY in parentheses", "(COPY a FROM STDIN);\n'", OPEN_QUOTE, 2},
    {"COPY is part of a word", "COPYX a FROM STDIN;\n'", OPEN_QUOTE, 2},
    {"COP", "COP a FROM STDIN;\n'", OPEN_QUOTE, 2},
    {"COPY after a statement", "SELECT 'x'; COPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    {"COPY after comments", "/* a */ -- b\nCOPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    {"COPY after an empty statement", ";;COPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    {"COPY after a command", "\\set x 1\nCOPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    {"COPY after \\gset", "SELECT 1 \\gset\nCOPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    {"COPY sent by \\g at the end", "COPY a FROM STDIN \\g", OPEN_COPY, 1},
    {"COPY sent by \\gx at the end", "\nCOPY a FROM STDIN\n\\gx", OPEN_COPY, 2},
    {"COPY sent by \\g", "COPY a FROM STDIN \\g\n'\n\\.\n", NULL, 0},
    {"COPY after \\;", "SELECT 1\\; COPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    {"COPY before \\;", "COPY a FROM STDIN\\;\nSELECT 'x';\n'\n\\.\n", NULL, 0},
    {"COPY before \\;, not sent", "COPY a FROM STDIN\\;\n'", OPEN_QUOTE, 2},
    {"COPY not ended", "COPY a FROM STDIN\n", NULL, 0},
    {"COPY, two on a line", "COPY a FROM STDIN; COPY b FROM STDIN;\n'\n\\.\n\"\n\\.\nc", NULL, 0},
    {"COPY, two on a line, second open", "COPY a\nFROM STDIN; COPY b FROM STDIN;\n'\n\\.\n\"\n",
     OPEN_COPY, 2},
    {"COPY, two on a line, first open", "COPY a\nFROM STDIN; COPY b FROM STDIN;\n'\n", OPEN_COPY,
     1},
    {"COPY, two in one query, the second open: the line of its end",
     "COPY a FROM STDIN\\;COPY b FROM STDIN\n;COPY\n\\.\n", OPEN_COPY, 2},
    {"COPY, the same, and another ended behind it in a line that goes on",
     "COPY a FROM STDIN\\;COPY b FROM STDIN\n;COPY c FROM STDIN\\;'\n\\.\n'", OPEN_COPY, 2},
    {"COPY, two on a line, \\. at the end", "COPY a FROM STDIN; COPY b FROM STDIN;\n\\.", OPEN_COPY,
     1},
    {"COPY and \\copy on a line", "COPY a FROM STDIN; \\copy b from stdin\n'\n\\.\n'\n\\.\n", NULL,
     0},
    {"COPY, more SQL on its line", "COPY a FROM STDIN; SELECT '\nit's\n\\.\n' b", NULL, 0},
    {"COPY, a quote open on its line", "COPY a FROM STDIN; SELECT '\nit's\n\\.\nb", OPEN_QUOTE, 1},
    {"COPY, a comment open on its line", "COPY a FROM STDIN; /*\n*/\n\\.\nb", OPEN_COMMENT, 1},
    {"COPY, a dollar quote open on its line", "COPY a FROM STDIN; $a$ $\na$\n\\.\nb $a$ c", NULL,
     0},
    {"COPY, a comment on its line", "COPY a FROM STDIN; -- it's\n'\n\\.\n", NULL, 0},
    {"COPY, second statement goes on after the data",
     "COPY a FROM STDIN; COPY b\n'\n\\.\nFROM STDIN;\n'\n\\.\n", NULL, 0},
    {"COPY, E quote goes on after the data", "COPY a FROM STDIN; SELECT E'a'\n'\n\\.\n'b\\''", NULL,
     0},
    /* Odd bytes */
    {"byte order mark and COPY", BOM "COPY a FROM STDIN;\n'\n\\.\n", NULL, 0},
    {"byte order mark and E quote", BOM "E'\\''", NULL, 0},
    {"byte order mark and dollar quote", BOM "$$'$$", NULL, 0},
    {"byte order mark alone", BOM, NULL, 0},
    {"two byte order marks", BOM BOM "COPY a FROM STDIN;\n'", OPEN_QUOTE, 2},
    {"byte order mark later", "a;" BOM "COPY a FROM STDIN;\n'", OPEN_QUOTE, 2},
    {"half a byte order mark",
     "\xEF\xBB"
     "COPY a FROM STDIN;\n'",
     OPEN_QUOTE, 2},
    {"half a byte order mark and $", "\xEF\xBB$a$ '", OPEN_QUOTE, 1},
    {"invalid bytes", "\xFF\xFE\x80 '\xFF' \x01\x02\x7F", NULL, 0},
    {"form feed and vertical tab are space", "\f\v COPY a\fFROM\vSTDIN;\n'\n\\.\n", NULL, 0}};

#define OPEN_STATEMENT "statement never ended: add ';'"
#define OPEN_PARENTHESIS "parenthesis never closed: add ')'"
#define OPEN_ATOMIC "BEGIN ATOMIC never ended: add END"
#define OPEN_IF "\\if never ended: add \\endif"
#define OPEN_RESTRICT "\\restrict never ended: add \\unrestrict"
#define SCRIPT_ENDS "\\q ends the script: remove it"
#define MARK "byte order mark: remove it, or use strip_bom"

/* What psql would carry into the next file, besides the above: each with its near misses.
 * tests/psql has many more, of which psql itself is the judge. */
static const lexer_case postgres_cases[] = {
    {"nothing", "-- a\n/* b */\n\n", NULL, 0},
    {"statement", "\nSELECT 1\n", OPEN_STATEMENT, 2},
    {"statement after one that ended", "SELECT 1;\n\n SELECT\n2", OPEN_STATEMENT, 3},
    {"statement, the line of its first token", "/* a\n*/ -- b\n\n'a'\n||\n'b'", OPEN_STATEMENT, 4},
    {"; ends", "SELECT 1\n;", NULL, 0},
    {"; in a comment ends nothing", "SELECT 1 -- ;", OPEN_STATEMENT, 1},
    {"\\; ends nothing", "SELECT 1\\;\n", OPEN_STATEMENT, 1},
    {"\\; alone", "\\;", OPEN_STATEMENT, 1},
    {"a variable alone", "\n:statement\n", NULL, 0},
    {"two variables", ":a :b", NULL, 0},
    {"a variable and a token", ":a.b", OPEN_STATEMENT, 1},
    {"a typecast is no variable", "::a", OPEN_STATEMENT, 1},
    {"a quoted variable", ":'a'", OPEN_STATEMENT, 1},
    {"\\g sends", "SELECT (1\n\\g\n", NULL, 0},
    {"\\gx with options and a pipe", "SELECT 1 \\gx (format=csv) | it's \\\\ x\n", NULL, 0},
    {"\\gx with an option that is none sends nothing", "SELECT 1 \\gx (a=b)\n", OPEN_STATEMENT, 1},
    {"\\g without ) sends nothing", "SELECT 1 \\g (format=csv\n", OPEN_STATEMENT, 1},
    {"\\r empties", "SELECT (1 \\r\n", NULL, 0},
    {"\\gset prefix", "SELECT 1 AS a \\gset b_\n", NULL, 0},
    {"\\p sends nothing", "SELECT 1 \\p\n", OPEN_STATEMENT, 1},
    {"parenthesis", "SELECT\n(1;\nSELECT 2;\n", OPEN_PARENTHESIS, 2},
    {"parenthesis, the outermost that is open", "((a)\n(b)\n;", OPEN_PARENTHESIS, 1},
    {"parenthesis closed once too often", "SELECT 1);\n", NULL, 0},
    {"parenthesis in quotes", "SELECT '(', \"(\", $$($$; -- (\n/* ( */", NULL, 0},
    {"ATOMIC", "CREATE FUNCTION f()\nBEGIN ATOMIC\nSELECT 1;\n", OPEN_ATOMIC, 2},
    {"ATOMIC ended", "CREATE OR REPLACE PROCEDURE f() BEGIN ATOMIC SELECT 1; END;", NULL, 0},
    {"ATOMIC, END inside an identifier", "create function f() begin atomic select bend; ending;",
     OPEN_ATOMIC, 1},
    {"ATOMIC, a quoted END", "create function f() begin atomic select 1; \"end\";", OPEN_ATOMIC, 1},
    {"ATOMIC, CASE", "create function f() begin atomic select case when a then b end; end;", NULL,
     0},
    {"ATOMIC, CASE without END", "create function f() begin atomic select case 1; end;",
     OPEN_ATOMIC, 1},
    {"ATOMIC, END in parentheses", "create function f() begin atomic select (end); ", OPEN_ATOMIC,
     1},
    {"BEGIN of a transaction", "BEGIN;\nCREATE TABLE a ();\nEND;", NULL, 0},
    {"BEGIN after CREATE TABLE", "CREATE TABLE begin ();", NULL, 0},
    {"BEGIN is a parameter's name", "CREATE FUNCTION f(begin int) AS $$$$ LANGUAGE sql;", NULL, 0},
    {"a function called begin", "CREATE FUNCTION begin() AS $$$$ LANGUAGE sql;", OPEN_ATOMIC, 1},
    {"psql counts a function after \\endif",
     "\\if false\ncreate function f() begin\n\\endif\nselect 1;\n", OPEN_ATOMIC, 2},
    {"\\if", "\n\\if true\nSELECT 1;\n", OPEN_IF, 2},
    {"\\if ended", "\\if true\n\\else\n'\n'\n\\endif\n", NULL, 0},
    {"\\if, the outermost", "\\if false\n\\if true\n\\endif\n", OPEN_IF, 1},
    {"\\if false: what is in it is thrown away", "\\if false\nSELECT (1\n\\q\n\\endif\n", NULL, 0},
    {"\\if false, COPY has no data", "\\if 0\nCOPY a FROM STDIN;\n\\endif\n", NULL, 0},
    {"\\if false, quotes count", "\\if f\n'\n\\endif\n", OPEN_QUOTE, 2},
    {"\\else is read", "\\if off\n\\else\nSELECT 1\n\\endif\n", OPEN_STATEMENT, 3},
    {"\\elif after a branch that was read", "\\if on\n\\elif true\n\\q\n\\endif", NULL, 0},
    {"\\elif is read", "\\if no\n\\elif yes\n\\q\n\\endif", SCRIPT_ENDS, 3},
    {"\\if of a variable: all is read", "\\if :a\n;\n\\else\n\\q\n\\endif", SCRIPT_ENDS, 4},
    {"\\if of a variable, nested in what is not read", "\\if 0\n\\if :a\n\\q\n\\endif\n\\endif\n",
     NULL, 0},
    {"\\else of a variable begins again", "\\if :a\n(\n\\else\n(\n\\endif\n);", NULL, 0},
    {"a branch of a variable leaves open", "\\if :a\n(\n\\else\n;\n\\endif", OPEN_PARENTHESIS, 2},
    {"\\if with escapes", "\\if 'tr\\165e'\n\\q\n\\endif", SCRIPT_ENDS, 2},
    {"\\if with two words is false", "\\if true 1\n\\q\n\\endif", NULL, 0},
    {"\\elif without", "\n\\elif a\n", "\\elif without \\if", 2},
    {"\\else without", "\\if 1\n\\endif\n\\else\n", "\\else without \\if", 3},
    {"\\endif without", "\\endif", "\\endif without \\if", 1},
    {"\\endif twice in a line", "\\if 1 \\endif \\endif", "\\endif without \\if", 1},
    {"\\q", "SELECT 1;\n\\q\nSELECT '", SCRIPT_ENDS, 2},
    {"\\quit after a statement", "SELECT 1; \\quit", SCRIPT_ENDS, 1},
    {"\\q; is no command", "\\q;\n", NULL, 0},
    {"\\restrict", "\n\\restrict a\nSELECT 1;\n\\q\n\\unrestrict b\n", OPEN_RESTRICT, 2},
    {"\\restrict ended", "\\restrict abc\n\\if x\n\\unrestrict 'a'bc;\n", NULL, 0},
    {"\\restrict without a key", "\\restrict\n", NULL, 0},
    {"commands go on after \\\\", "\\echo a \\\\ SELECT 'b\n", OPEN_QUOTE, 1},
    {"and end with the line", "\\set x 1 \\\\ SELECT 'a\nb';\n", NULL, 0},
    {"a command after a command", "\\echo a\\q", SCRIPT_ENDS, 1},
    {"\\ in an argument's quotes", "\\echo 'a\\q' \"\\q\" `\\q`\n", NULL, 0},
    {"a quoted argument ends with its line", "\\echo 'a\nSELECT 1;", NULL, 0},
    {"\\! takes the line", "\\! a \\\\ '\n", NULL, 0},
    {"\\o with a pipe takes the line", "\\o | a \\\\ '\n", NULL, 0},
    {"\\echo with a pipe does not", "\\echo | a \\\\ '\n", OPEN_QUOTE, 1},
    {"a command that is none takes the line", "\\nothing \\\\ '\n", NULL, 0},
    {"\\dq is none", "\\dq \\\\ '\n", NULL, 0},
    {"\\dx is one", "\\dx \\\\ '\n", OPEN_QUOTE, 1},
    {"\\i without a file is refused", "\\i \\\\ '\n", NULL, 0},
    {"variable, then a dollar quote", ":x$a$", OPEN_DOLLAR, 1},
    {"variable, then a plain quote", ":e'a\\';", NULL, 0},
    {"typecast, then E quote", "a::e'a\\';", OPEN_QUOTE, 1},
    {"E quote continued, escaped quote", "SELECT E'a'\n'b\\'c';", OPEN_QUOTE, 2},
    {"E quote continued", "SELECT E'a'\n'b\\\\';", NULL, 0},
    {"COPY FROM STDOUT", "COPY a FROM STDOUT;\nit's\n\\.\n", NULL, 0},
    {"COPY with a syntax error has no data", "COPY a FROM STDIN b;\n", NULL, 0},
    {"COPY, binary, has no end", "COPY a FROM STDIN BINARY;\n\\.\n", OPEN_COPY, 1},
    {"COPY, format 'binary'", "COPY a FROM STDIN (FORMAT 'binary');\n\\.\n", OPEN_COPY, 1},
    {"COPY sent by \\gset", "COPY a FROM STDIN \\gset\n'\n\\.\n", NULL, 0},
    {"COPY sent again by \\g", "COPY a FROM STDIN;\n\\.\n\\g\n'\n\\.\n", NULL, 0},
    {"COPY is not run by \\gdesc", "COPY a FROM STDIN \\gdesc\n;\n", NULL, 0},
    {"\\copy leaves the statement", "SELECT 1,\n\\copy a from stdin\n\\.\n2\n", OPEN_STATEMENT, 1},
    {"\\copy, a comment in the options", "\\copy a from stdin (a /* ) */ b)\n\\.\n", NULL, 0},
    {"\\copy, -- in the options", "\\copy a from stdin (a -- )\n", NULL, 0},
    {"\\copy, an open comment", "\\copy a from stdin /* /* */\n", NULL, 0},
    {"\\copy, ; in the options", "\\copy a from stdin (a;)\n", NULL, 0},
    {"\\copy of a number", "\\copy 1 from stdin\n", NULL, 0},
    {"\\copy of a database's table", "\\copy a.b.c from stdin\n", NULL, 0},
    {"\\if, a backtick left open", "\\if `a\nSELECT 1;\n\\q\n\\endif\n", NULL, 0},
    {"\\g, two parentheses", "SELECT 1 \\g (()\n", OPEN_STATEMENT, 1},
    {"COPY after CREATE and \\e", "CREATE \\e\nCOPY a FROM STDIN;\n", OPEN_COPY, 2},
    {"ATOMIC after OR REPLACE", "create or replace function f()\nBEGIN ATOMIC SELECT 1;",
     OPEN_ATOMIC, 2},
    {"ATOMIC after a $ that is no quote", "create function f() $begin;", OPEN_ATOMIC, 1},
    {"ATOMIC after an operator", "create function f() --\n+begin;", OPEN_ATOMIC, 2},
    {"ATOMIC after a statement", "select 1; create function f() begin select (2);", OPEN_ATOMIC, 1},
    {"no BEGIN: begins, xbegin, 1begin, :begin",
     "create function f(a (int)) returns b begins xbegin 1begin :begin $1begin b;", NULL, 0},
    {"no routine: OR REPLACE VIEW", "create or replace view f as begin select (1);", NULL, 0},
    {"parentheses, one too many, then one too few", "SELECT 1) +\n (2;\n", OPEN_PARENTHESIS, 2},
    {"parentheses, the outermost changes", "SELECT (1\n) +\n((2) + 3;\n", OPEN_PARENTHESIS, 3},
    {"parentheses, many", "SELECT f(a) + g(b, (c)) * ((d) - (e)) / h(()) - i(j(k(l())));", NULL, 0},
    {"a colon alone at the end", "SELECT 1;\n:", OPEN_STATEMENT, 2},
    {"byte order mark", BOM "SELECT 1;", MARK, 1},
    {"byte order mark later", "SELECT 1;\n" BOM "SELECT 2;\n", NULL, 0},
    {"sixteen \\ifs",
     "\\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 "
     "\\if 1 \\if 1 \\if 1\n\\endif \\endif \\endif \\endif \\endif \\endif \\endif \\endif "
     "\\endif \\endif \\endif \\endif \\endif \\endif \\endif \\endif\n",
     NULL, 0},
    {"seventeen",
     "\\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 \\if 1 "
     "\\if 1 \\if 1 \\if 1\n\\if 1\n",
     "\\if nested more than 16 deep: nest it less deep", 2}};

static const lexer_case reference_cases[] = {
    {"empty", "", NULL, 0},
    {"open", "a\n/* b", OPEN_COMMENT, 2},
    {"closed", "/* a */", NULL, 0},
    {"no nesting", "/* /* */ a", NULL, 0},
    {"opened again: the start moves", "/* a\n/* b\n", OPEN_COMMENT, 2},
    {"strings are not known", "'/*'", OPEN_COMMENT, 1},
    {"line comments are not known", "-- /*\n", OPEN_COMMENT, 1},
    {"dollar quotes are not known", "$$ /* $$", OPEN_COMMENT, 1},
    {"/*/ leaves it open", "/*/", OPEN_COMMENT, 1},
    {"*/* closes first", "/* */*", NULL, 0},
    {"*/* opens if nothing is open", "*/* a", OPEN_COMMENT, 1},
    {"a newline between", "/\n*", NULL, 0},
    {"quotes do not matter", "'", NULL, 0},
    {"COPY does not matter", "COPY a FROM STDIN;\n", NULL, 0}};

static const char *lexer_run(const uint8_t *text, size_t n, size_t a, size_t b,
                             confiture_check_mode mode, uint64_t *line) {
    cfti_lexer lexer;
    cfti_lexer_init(&lexer, mode);
    cfti_lexer_feed(&lexer, text, a);
    cfti_lexer_feed(&lexer, text + a, b - a);
    return cfti_lexer_finish(&lexer, text + b, n - b, line);
}

static const char *lexer_run_bytes(const uint8_t *text, size_t n, confiture_check_mode mode,
                                   uint64_t *line) {
    cfti_lexer lexer;
    size_t i;
    cfti_lexer_init(&lexer, mode);
    for (i = 0; i < n; i++) cfti_lexer_feed(&lexer, text + i, 1);
    return cfti_lexer_end(&lexer, line);
}

static bool lexer_same(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whole, byte by byte, cut in two and in three at every place, and with so much
 * before it that every alignment and the long loops are met. */
static void lexer_check(const lexer_case *c, confiture_check_mode mode) {
    static uint8_t text[400];
    const uint8_t *given = (const uint8_t *)c->text;
    const char *what;
    size_t n = strlen(c->text), a, b, pad;
    uint64_t line = 7;
    bool good;

    what = lexer_run(given, n, n, n, mode, &line);
    good = lexer_same(what, c->what) && (!what || line == c->line);
    if (!good) printf("lexer: %s: %s, line %d\n", c->name, what ? what : "nothing", (int)line);
    CHECK(good);
    what = lexer_run_bytes(given, n, mode, &line);
    CHECK(lexer_same(what, c->what) && (!what || line == c->line));
    for (a = 0; a <= n; a++)
        for (b = a; b <= n; b++) {
            what = lexer_run(given, n, a, b, mode, &line);
            good = good && lexer_same(what, c->what) && (!what || line == c->line);
        }
    CHECK(good);
    if (given[0] >= 0xE0) return; /* a byte order mark is one at the start only */
    for (pad = 1; pad < 70; pad++) {
        memset(text, ' ', pad);
        text[0] = '\n';
        memcpy(text + pad, given, n);
        what = lexer_run(text, pad + n, pad / 2, pad, mode, &line);
        good = good && lexer_same(what, c->what) && (!what || line == c->line + 1);
    }
    CHECK(good);
    /* What is read at a glance needs bytes after it. */
    memcpy(text, given, n);
    memset(text + n, ' ', 70);
    text[n] = '\n';
    what = lexer_run(text, n + 70, n + 70, n + 70, mode, &line);
    CHECK(lexer_same(what, c->what) && (!what || line == c->line));
}

static void test_lexer_table(void) {
    uint8_t text[700];
    uint64_t line = 0;
    size_t i, size, tail;

    for (i = 0; i < (sizeof(lexer_cases) / sizeof(lexer_cases)[0]); i++)
        lexer_check(&lexer_cases[i], CONFITURE_CHECK_QUOTES);
    for (i = 0; i < (sizeof(postgres_cases) / sizeof(postgres_cases)[0]); i++)
        lexer_check(&postgres_cases[i], CONFITURE_CHECK_POSTGRES);
    for (i = 0; i < (sizeof(reference_cases) / sizeof(reference_cases)[0]); i++)
        lexer_check(&reference_cases[i], CONFITURE_CHECK_REFERENCE);
    CHECK(lexer_run((const uint8_t *)"/* '", 4, 1, 2, CONFITURE_CHECK_NONE, &line) == NULL);

    /* Tags of about 255 bytes: opened; opened and closed; without a second $; NULs. */
    for (size = 253; size < 260; size++) {
        memset(text, 't', sizeof text);
        text[0] = '\n';
        text[1] = text[2 + size] = '$';
        tail = 3 + size;
        CHECK_STR(lexer_run(text, tail, 9, 40, CONFITURE_CHECK_QUOTES, &line),
                  size > 255 ? OPEN_TAG : OPEN_DOLLAR);
        CHECK(line == 2);
        memcpy(text + tail, text + 1, 2 + size);
        CHECK(lexer_same(lexer_run_bytes(text, tail + 2 + size, CONFITURE_CHECK_QUOTES, &line),
                         size > 255 ? OPEN_TAG : NULL));
        text[2 + size] = ' ';
        text[tail] = '\'';
        CHECK_STR(lexer_run(text, tail + 1, 30, 200, CONFITURE_CHECK_QUOTES, &line), OPEN_QUOTE);
    }
    memset(text, 0, sizeof text);
    CHECK(lexer_run(text, sizeof text, 1, 2, CONFITURE_CHECK_QUOTES, &line) == NULL);
    text[600] = '\'';
    CHECK_STR(lexer_run(text, sizeof text, 1, 601, CONFITURE_CHECK_QUOTES, &line), OPEN_QUOTE);
    CHECK_STR(
        lexer_run((const uint8_t *)"SELECT 1;\n'\0'", 13, 1, 11, CONFITURE_CHECK_POSTGRES, &line),
        "NUL byte, where psql drops the rest of the line: remove it");
    CHECK(line == 2);
    CHECK_STR(
        lexer_run((const uint8_t *)"SELECT 1;\n\n\0", 12, 0, 0, CONFITURE_CHECK_POSTGRES, &line),
        "NUL byte, where psql drops the rest of the line: remove it");
    CHECK(line == 3);
    /* NULs are part of a word, or one of their own. */
    memset(text, 0, sizeof text);
    memcpy(text, "\\copy a from ", 13);
    for (size = 14; size < 30; size++) {
        memcpy(text + size, size % 2 ? "stdin\n" : " stdin\n", 7);
        CHECK(lexer_run(text, size + 7, 1, 20, CONFITURE_CHECK_QUOTES, &line) == NULL);
        text[size] = 0;
    }
}

TEST(lexer, table_with_the_processors_features_and_without) {
    const int saved = (int)cfti_cpu_features();
    test_lexer_table();
    cfti_cpu_mask = saved & ~0xFF;
    test_lexer_table();
    cfti_cpu_mask = saved;
}
