#!/bin/sh
# Make a Debian package of the command, the header and what belongs to them.
#     packaging/deb.sh VERSION FOLDER        writes FOLDER/confiture_VERSION_ARCHITECTURE.deb
# "make deb" calls it. SOURCE_DATE_EPOCH is the time of all that is in it.
set -eu
umask 022
version=$1 architecture=$(dpkg --print-architecture)
folder=$(cd "$2" 2>/dev/null || { mkdir -p "$2" && cd "$2"; } && pwd)
root=$folder/deb
rm -rf "$root"
# Debian's places, whatever else those of "make install" would be.
share=/usr/share
${MAKE:-make} -s install "DESTDIR=$root/root" PREFIX=/usr BINDIR=/usr/bin INCLUDEDIR=/usr/include \
    DATADIR=$share MANDIR=$share/man DOCDIR=$share/doc/confiture PKGCONFIGDIR=$share/pkgconfig \
    CMAKEDIR=$share/cmake/confiture BASHDIR=$share/bash-completion/completions \
    ZSHDIR=$share/zsh/site-functions FISHDIR=$share/fish/vendor_completions.d >/dev/null
cd "$root/root"
mv usr/share/doc/confiture/LICENSE usr/share/doc/confiture/copyright
gzip -9n usr/share/man/man1/confiture.1
strip usr/bin/confiture
# dpkg-shlibdeps wants the sources' control file; what it finds are the versions of libc needed.
mkdir -p DEBIAN "$root/debian"
printf 'Source: confiture\n\nPackage: confiture\nArchitecture: any\n' >"$root/debian/control"
depends=$(cd "$root" && dpkg-shlibdeps -O root/usr/bin/confiture | sed -n 's/^shlibs:Depends=//p')
find . -type d -exec chmod u=rwx,go=rx,g-s {} +
maintainer=${DEBEMAIL:-root@localhost}
case $maintainer in *'<'*) ;; *) maintainer="${DEBFULLNAME:-confiture.h} <$maintainer>" ;; esac
cat >DEBIAN/control <<CONTROL
Package: confiture
Version: $version
Architecture: $architecture
Maintainer: $maintainer
Depends: $depends
Section: database
Priority: optional
Installed-Size: $(du -ks usr | cut -f 1)
Description: one schema and one digest from a tree of SQL files
 The command confiture joins the SQL files of a tree into one schema, in an
 order that is the same on every machine, and prints one SHA-256 of them all.
 The library is confiture.h, a single header for C and C++.
CONTROL
dpkg-deb --root-owner-group --build . "$folder/confiture_${version}_$architecture.deb" >/dev/null
echo "$folder/confiture_${version}_$architecture.deb"
