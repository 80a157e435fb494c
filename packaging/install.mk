# What "make install" copies, and where to; packages and releases. The Makefile includes this file.

INSTALL ?= install
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/confiture
PKGCONFIGDIR ?= $(DATADIR)/pkgconfig
CMAKEDIR ?= $(DATADIR)/cmake/confiture
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
# The command that prints the manual page and the completions. It must run on this machine: for
# another one, build a second command and name it here.
NATIVE ?= ./confiture

VERSION = $(shell sed -n 's/^\#define CONFITURE_VERSION "\(.*\)"/\1/p' confiture.h)
# What no shell, no CMake and no pkg-config would split or change: all but these characters.
REFUSED = ' " \ ` $$ \#
PLACES = $(DESTDIR) $(PREFIX) $(BINDIR) $(INCLUDEDIR) $(MANDIR) $(DOCDIR) $(PKGCONFIGDIR) $(CMAKEDIR) \
    $(BASHDIR) $(ZSHDIR) $(FISHDIR)
refuse = $(foreach character,$(REFUSED),$(if $(findstring $(character),$(PLACES)),$(error \
    a folder has the character $(character) in its name: expected none of $(REFUSED))))
# $(call below,NAME,WITH): a name below PREFIX has WITH in place of it; any other stays
below = $(subst //:,,$(subst //:$(PREFIX)/,$(2),//:$(1)))
# confitureConfig.cmake finds the header relative to itself, if it has its usual place below PREFIX.
RELATIVE_INCLUDEDIR = $(if $(subst $(PREFIX)/share/cmake/confiture,,$(CMAKEDIR)),$(INCLUDEDIR),$(call below,$(INCLUDEDIR),))
# The shell's names of what is installed; a space may be in them.
INSTALLED = '$(DESTDIR)$(BINDIR)/confiture' \
    '$(DESTDIR)$(INCLUDEDIR)/confiture.h' \
    '$(DESTDIR)$(MANDIR)/man1/confiture.1' \
    '$(DESTDIR)$(DOCDIR)/LICENSE' \
    '$(DESTDIR)$(PKGCONFIGDIR)/confiture.pc' \
    '$(DESTDIR)$(CMAKEDIR)/confitureConfig.cmake' \
    '$(DESTDIR)$(CMAKEDIR)/confitureConfigVersion.cmake' \
    '$(DESTDIR)$(BASHDIR)/confiture' \
    '$(DESTDIR)$(ZSHDIR)/_confiture' \
    '$(DESTDIR)$(FISHDIR)/confiture.fish'
# $(call put,NAME,TEXT): tell sed the value of a name
put = -e 's|@$(1)@|$(subst |,\|,$(subst &,\&,$(2)))|'
# $(call fill,TEMPLATE,DIRECTORY): write a file of packaging/ with its values filled in
fill = sed $(call put,VERSION,$(VERSION)) $(call put,PREFIX,$(PREFIX)) \
    $(call put,UP,../../..) $(call put,RELATIVE_INCLUDEDIR,$(RELATIVE_INCLUDEDIR)) \
    $(call put,INCLUDEDIR,$(call below,$(INCLUDEDIR),$${prefix}/)) \
    packaging/$(1).in > '$(DESTDIR)$(2)/$(1)'

.PHONY: install uninstall deb dist

install: confiture ## copy the command, the header, manual page and completions below PREFIX
	$(refuse)@case "$$($(NATIVE) version 2>&1)" in "confiture $(VERSION) "*) ;; \
	    *) echo "install: '$(NATIVE)' does not run on this machine as confiture $(VERSION):" \
	        "expected one that does as NATIVE=..." >&2; exit 1 ;; esac
	for file in $(INSTALLED); do $(INSTALL) -d "$${file%/*}" || exit 1; done
	$(INSTALL) -m 755 confiture '$(DESTDIR)$(BINDIR)/confiture'
	$(INSTALL) -m 644 confiture.h '$(DESTDIR)$(INCLUDEDIR)/confiture.h'
	$(INSTALL) -m 644 LICENSE '$(DESTDIR)$(DOCDIR)/LICENSE'
	$(NATIVE) help man > '$(DESTDIR)$(MANDIR)/man1/confiture.1'
	$(NATIVE) help bash > '$(DESTDIR)$(BASHDIR)/confiture'
	$(NATIVE) help zsh > '$(DESTDIR)$(ZSHDIR)/_confiture'
	$(NATIVE) help fish > '$(DESTDIR)$(FISHDIR)/confiture.fish'
	$(call fill,confiture.pc,$(PKGCONFIGDIR))
	$(call fill,confitureConfig.cmake,$(CMAKEDIR))
	$(call fill,confitureConfigVersion.cmake,$(CMAKEDIR))
	for file in $(INSTALLED); do chmod u=rwX,go=rX "$$file" || exit 1; done

uninstall: ## remove what install has copied, with the same variables
	$(refuse)rm -f $(INSTALLED)
	for folder in '$(DESTDIR)$(DOCDIR)' '$(DESTDIR)$(CMAKEDIR)'; do \
	    rmdir "$$folder" 2>/dev/null || [ ! -d "$$folder" ] || echo "not empty: $$folder"; \
	done

deb: confiture ## make a Debian package in BUILD; needs dpkg-dev
	@sh packaging/deb.sh '$(VERSION)' '$(BUILD)'

dist: | need-python ## make the files of a release in BUILD/dist; needs git, pip, setuptools, wheel
	@$(PYTHON) tools/dist.py '$(BUILD)/dist'
