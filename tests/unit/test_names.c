/* Names and what is asked of them, by patterns, seeds and hexadecimal prefixes: the second half
 * of path.c and the pure part of list.c. The tables are what Python 3.11 says to the same
 * questions. */

SUITE(names, NULL, NULL);

/* ==== Patterns =========================================================== */

TEST(names, fnmatch) {
    static const char *const yes[][2] = {{"a.sql", "*.sql"},
                                         {".sql", "*.sql"},
                                         {"", "*"},
                                         {"", ""},
                                         {"abc", "a?c"},
                                         {"a\nc", "a?c"},
                                         {"\n", "*"},
                                         {".h", "*"},
                                         {".h", "?h"},
                                         {"\xC3\xA9", "?"},
                                         {"b", "[abc]"},
                                         {"d", "[!abc]"},
                                         {"b", "[a-c]"},
                                         {"-", "[a-]"},
                                         {"-", "[-a]"},
                                         {"b", "[a-c-e]"},
                                         {"-", "[a-c-e]"},
                                         {"e", "[a-c-e]"},
                                         {"b", "[!c-a]"},
                                         {"]", "[]]"},
                                         {"]", "[]a]"},
                                         {"a", "[]a]"},
                                         {"b", "[!]a]"},
                                         {"[", "["},
                                         {"[a", "[a"},
                                         {"[!", "[!"},
                                         {"[]", "[]"},
                                         {"[!]", "[!]"},
                                         {"x[", "x["},
                                         {"x[", "?["},
                                         {"[b-", "[b-"},
                                         {"^", "[^a]"},
                                         {"a", "[^a]"},
                                         {"\\", "[\\]"},
                                         {"\\", "\\"},
                                         {"*", "[*]"},
                                         {"?", "[?]"},
                                         {"\xC3\xA9", "[\xC3\xA0-\xC3\xBC]"},
                                         {"\xC3\xA9", "[!a-z]"},
                                         {"\xF0\x9F\x98\x80", "[\xF0\x9F\x98\x80]"},
                                         {"\n", "[!a]"},
                                         {"a.b.sql", "*.*.sql"},
                                         {"abab", "*ab"},
                                         {"abaab", "a*ab"},
                                         {"aXbXc", "a*b*c"},
                                         {"ac", "a*c"},
                                         {"aaa", "*a*a*a*"},
                                         {"a", "**"},
                                         {"-", "[z-a-c]"},
                                         {"c", "[z-a-c]"},
                                         {"-", "[--0]"},
                                         {".", "[--0]"},
                                         {"a", "[!!]"},
                                         /* bytes that are no UTF-8 are characters of their own */
                                         {"b\x80", "b?"},
                                         {"b\x80", "b[\x80]"},
                                         {"b\x80", "b\x80"},
                                         {"b\x80\x81", "b??"},
                                         {"\xC3", "?"},
                                         {"\xC3\xA9\xC3", "??"},
                                         {"\x80", "[!a]"}};
    static const char *const no[][2] = {{"a.SQL", "*.sql"},
                                        {"a.sq", "*.sql"},
                                        {"", "?"},
                                        {"x", ""},
                                        {"ac", "a?c"},
                                        {"\xC3\xA9", "??"},
                                        {"d", "[abc]"},
                                        {"b", "[!abc]"},
                                        {"d", "[a-c]"},
                                        {"b", "[-a]"},
                                        {"d", "[a-c-e]"},
                                        {"b", "[c-a]"},
                                        {"]", "[!]a]"},
                                        {"b", "[^a]"},
                                        {"a", "\\a"},
                                        {"x", "[*]"},
                                        {"z", "[\xC3\xA0-\xC3\xBC]"},
                                        {"\xF0\x9F\x98\x80", "[!\xF0\x9F\x98\x80]"},
                                        {"a.sql", "*.*.sql"},
                                        {"acb", "a*c"},
                                        {"aa", "*a*a*a*"},
                                        {"z", "[z-a-c]"},
                                        {"b", "[z-a-c]"},
                                        {"1", "[--0]"},
                                        {"!", "[!!]"},
                                        {"b\x80", "b[!\x80]"},
                                        {"b\x81", "b\x80"},
                                        {"\xC3\xA9", "\xC3?"},
                                        {"a\xC3\xA9", "a\xC3*"}};
    static char name[20001], pattern[401];
    size_t i;
    for (i = 0; i < TREE_COUNT(yes); i++)
        if (!CHECK(cfti_fnmatch(yes[i][0], strlen(yes[i][0]), yes[i][1], strlen(yes[i][1]))))
            printf("    %s does not match %s\n", yes[i][0], yes[i][1]);
    for (i = 0; i < TREE_COUNT(no); i++)
        if (!CHECK(!cfti_fnmatch(no[i][0], strlen(no[i][0]), no[i][1], strlen(no[i][1]))))
            printf("    %s matches %s\n", no[i][0], no[i][1]);
    /* Two hundred stars: a matcher that tries every way would outlive the universe. */
    memset(name, 'a', 20000);
    for (i = 0; i < 400; i += 2) memcpy(pattern + i, "*a", 2);
    CHECK(cfti_fnmatch(name, 20000, pattern, 400));
    pattern[399] = 'b';
    CHECK(!cfti_fnmatch(name, 20000, pattern, 400));
    memcpy(pattern + 398, "[b", 2);
    CHECK(!cfti_fnmatch(name, 20000, pattern, 400));
}

TEST(names, match) {
    static const char *const yes[][2] = {{"a.sql", "a.sql"},         {"s/a.sql", "a.sql"},
                                         {"s/a.sql", "s/a.sql"},     {"s/a.sql", "*/a.sql"},
                                         {"s/t/a.sql", "s/*/a.sql"}, {"s/t/a.sql", "s/**/a.sql"},
                                         {"s/a.sql", "**/a.sql"},    {"s/a.sql", "s//a.sql"},
                                         {"s/a.sql", "./s/./a.sql"}, {"t/s", "s/"},
                                         {"s/test_a.sql", "test_*"}, {"test_s/a.sql", "test_*/*"},
                                         {"s/a.sql", "s/[a-b].sql"}, {"s/\xC3\xA9.sql", "?.sql"}};
    static const char *const no[][2] = {{"s/a.sql", "t/a.sql"},
                                        {"a.sql", "*/a.sql"},
                                        {"s/t/u/a.sql", "s/*/a.sql"},
                                        {"s/t/u/a.sql", "s/**/a.sql"},
                                        {"a.sql", "**/a.sql"},
                                        {"s/a.sql", "/s/a.sql"},
                                        {"s/a.sql", "s/"},
                                        {"s/a.sql", "test_*"},
                                        {"test_s/a.sql", "test_*"},
                                        {"a", "a/b/c"}};
    size_t i;
    for (i = 0; i < TREE_COUNT(yes); i++)
        CHECK(cfti_match(yes[i][0], strlen(yes[i][0]), yes[i][1], strlen(yes[i][1])));
    for (i = 0; i < TREE_COUNT(no); i++)
        CHECK(!cfti_match(no[i][0], strlen(no[i][0]), no[i][1], strlen(no[i][1])));
    CHECK(cfti_match_is_empty("", 0) && cfti_match_is_empty("./", 2));
    CHECK(cfti_match_is_empty("/", 1) && !cfti_match_is_empty("a", 1));
}

/* The parts of a pattern, "." between them: ** for any depth, w wild, s wild of the form
 * *suffix, x exact; or what is wrong with it. */
static const char *path_parts(const char *text, bool recursive) {
    static char words[200];
    cfti_pattern pattern;
    const char *why = cfti_pattern_compile(&pattern, text, recursive);
    size_t i;
    if (why != NULL) return why;
    words[0] = '\0';
    for (i = 0; i < pattern.count; i++) {
        const cfti_component *part = &pattern.components[i];
        if (i > 0) strcat(words, ".");
        strcat(words, part->kind == CFTI_COMPONENT_ANY_DEPTH ? "**"
                      : part->kind == CFTI_COMPONENT_EXACT   ? "x"
                      : part->is_suffix                      ? "s"
                                                             : "w");
    }
    return words;
}

TEST(names, pattern) {
    static const char relative[] = "a pattern must be relative to its directory";
    static const char empty[] = "the pattern is empty";
    static const char alone[] = "\"**\" must stand alone between slashes";
    cfti_pattern pattern;
    char deep[200];
    size_t i;
    CHECK_STR(path_parts("**/*.sql", false), "**.s");
    CHECK_STR(path_parts("**/*.sql", true), "**.s");
    CHECK_STR(path_parts("*.sql", true), "**.s");
    CHECK_STR(path_parts("*.sql", false), "s");
    CHECK_STR(path_parts("a/./*b*//c[", false), "x.w.w");
    CHECK_STR(path_parts("**/**/a/**", false), "**.x.**");
    CHECK_STR(path_parts("**", true), "**");
    CHECK_STR(path_parts("a/", true), "**.x");
    CHECK_STR(path_parts("../x", false), "x.x");
    CHECK_STR(path_parts("*", false), "s");
    CHECK_STR(path_parts("", false), empty);
    CHECK_STR(path_parts("", true), empty);
    CHECK_STR(path_parts("././/", true), empty);
    CHECK_STR(path_parts("/a", false), relative);
    CHECK_STR(path_parts("/", false), relative);
    CHECK_STR(path_parts("a**", false), alone);
    CHECK_STR(path_parts("**a/b", true), alone);
    CHECK_STR(path_parts("a/***/b", true), alone);
    for (i = 0; i < 63; i++) memcpy(deep + 2 * i, "a/", 3);
    CHECK(cfti_pattern_compile(&pattern, deep, false) == NULL && pattern.count == 63);
    CHECK_STR(cfti_pattern_compile(&pattern, deep, true), "the pattern has more than 63 parts");
    CHECK(cfti_pattern_compile(&pattern, "*\xC3\xA9", false) == NULL);
    CHECK(cfti_component_matches(&pattern.components[0], "\xC3\xA9", 2));
    CHECK(!cfti_component_matches(&pattern.components[0], "\xA9", 1));
    /* Bytes that only end a character are characters of their own in a pattern. */
    CHECK(cfti_pattern_compile(&pattern, "*\xA9.sql", false) == NULL);
    CHECK(!cfti_component_matches(&pattern.components[0], "\xC3\xA9.sql", 6));
    CHECK(cfti_component_matches(&pattern.components[0], "a\xA9.sql", 6));
}

/* ==== Seeds and hexadecimal prefixes ===================================== */

TEST(names, seeds) {
    static const char *const yes[] = {
        "seed",       "seeds",   "Seeds",           "SEED",       "10_seed_x.sql", "10_seeds",
        "10-seeds-x", "seed_",   "_seed",           "-seed-",     "seeds_x",       "a_seed_.sql",
        "seed\n",     "seeds\n", "30_seed_backend", "seed-seedx", "seedx_seed",    "SEED_DATA"};
    static const char *const no[] = {
        "seeds.sql", "seed.sql",   "10seed",  "seedx", "seedss", "seedling",    "my_seedling",
        "xseeds",    "a_seed.sql", "seed\nx", "",      "see",    "\xC5\277eed", "seed\n\n"};
    size_t i;
    for (i = 0; i < TREE_COUNT(yes); i++) CHECK(cfti_seed_component(yes[i], strlen(yes[i])));
    for (i = 0; i < TREE_COUNT(no); i++) CHECK(!cfti_seed_component(no[i], strlen(no[i])));
    CHECK(cfti_seed_path("a/seeds/b.sql") && cfti_seed_path("a/b/1_seed_2.sql"));
    CHECK(!cfti_seed_path("a/seeds.sql") && !cfti_seed_path("see/d") && !cfti_seed_path(""));
}

TEST(names, hex) {
    static const struct {
        const char *stem;
        size_t prefix; /* its size; 0: it has none */
    } prefixes[] = {{"0A_x", 2},
                    {"0a_x", 0},
                    {"A_", 1},
                    {"_A", 0},
                    {"A", 0},
                    {"10_x", 2},
                    {"0X1F_x", 4},
                    {"0x1F_x", 0},
                    {"0X_x", 0},
                    {"X1_x", 0},
                    {"0X0X1_x", 0},
                    {"G_x", 0},
                    {"00_x", 2},
                    {"0_x", 1},
                    {"A B_x", 0},
                    {"A._x", 0},
                    {"\xD9\xA3_x", 2},
                    {"\xEF\xBC\x90X1F_x", 6},
                    {"\xC2\xB2_x", 0},
                    {"\xEF\xBC\xA1_x", 0},
                    {"\xC3\x89_x", 0},
                    {"1\xC2\xB2_x", 0},
                    {"0XX1_x", 0},
                    {"+1_x", 0},
                    {"1__x", 1},
                    {"00X1_x", 0},
                    {"\xF0\x9D\x9F\x98X1_x", 6},
                    {"0X_1", 0},
                    {"", 0},
                    {"_", 0},
                    {"A\x80_", 0},
                    {"\xF0\x9D\x9F\xBF_", 4},
                    {"\xF0\x9D\xA0\x80_", 0}};
    /* Of one value each, in rising order; NULL begins the next value. */
    static const char *const values[] = {"0",
                                         "00",
                                         "0X0",
                                         "000000000000000000000000000000000000",
                                         NULL,
                                         "1",
                                         "0X1",
                                         "\xD9\xA1",
                                         NULL,
                                         "9",
                                         "0X09",
                                         "\xF0\x9D\x9F\xA1",
                                         NULL,
                                         "A",
                                         "0A",
                                         NULL,
                                         "F",
                                         NULL,
                                         "10",
                                         "0X10",
                                         "\xD9\2410",
                                         "1\xD9\xA0",
                                         NULL,
                                         "FF",
                                         "00000000000000000000FF",
                                         NULL,
                                         "100",
                                         NULL,
                                         "FFFFFFFFFFFFFFFF",
                                         NULL,
                                         "10000000000000000",
                                         NULL,
                                         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE",
                                         "0X00FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFE",
                                         NULL,
                                         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"};
    uint32_t sum = 0;
    size_t i, k, size;
    int a = 0, b;
    for (i = 0; i < TREE_COUNT(prefixes); i++) {
        size = 0;
        CHECK(cfti_hex_prefix(prefixes[i].stem, strlen(prefixes[i].stem), &size) ==
              (prefixes[i].prefix != 0));
        CHECK(size == prefixes[i].prefix);
    }
    for (i = 0; i < TREE_COUNT(values); i++) {
        if (values[i] == NULL) a++;
        for (k = 0, b = 0; k < TREE_COUNT(values); k++) {
            int order;
            if (values[k] == NULL) b++;
            if (values[i] == NULL || values[k] == NULL) continue;
            order = cfti_hex_compare(values[i], strlen(values[i]), values[k], strlen(values[k]));
            CHECK((order > 0) - (order < 0) == (a > b) - (a < b));
        }
    }
    for (i = 1; i < TREE_COUNT(cfti_digit_zeros); i++) /* they are searched by halves */
        CHECK(cfti_digit_zeros[i - 1] + 9 < cfti_digit_zeros[i]);
    /* The same from Python's unicodedata, of Unicode 14: all characters beyond ASCII whose
     * decimal() is 0, each taken in by sum * 31 + code. */
    for (i = 0; i < TREE_COUNT(cfti_digit_zeros); i++) sum = sum * 31 + cfti_digit_zeros[i];
    CHECK(i == 65 && sum == 0x5346B234);
}
