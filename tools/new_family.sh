#!/usr/bin/env bash
# Makes a new family by copying one: tools/new_family.sh NAME [FROM], FROM is autoencoder unless given.
# Files and names are renamed throughout (autoencoder -> NAME, Autoencoder -> Name); other types of its headers get the
# new name in front, since two families must not define one name. What is left to write is said.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  printf 'new_family.sh: %s\n' "$1" >&2
  exit 2
}
pascal() { printf '%s' "$1" | awk -F_ '{for (i = 1; i <= NF; ++i) printf "%s%s", toupper(substr($i, 1, 1)), substr($i, 2)}'; }

if [ "$#" -lt 1 ] || [ "$#" -gt 2 ]; then die "usage: tools/new_family.sh NAME [FROM]"; fi
name="$1" from="${2:-autoencoder}"
models=src/figment/models
[[ "$name" =~ ^[a-z][a-z0-9]*(_[a-z0-9]+)*$ ]] ||
  die "expected a name in snake_case such as beta_vae, got '$name'"
[ -f "$models/$from/$from.cc" ] || die "there is no family '$from' to copy: $models/$from/$from.cc is missing"
[ ! -e "$models/$name" ] || die "$models/$name is already there"

# Copied beside and renamed at the end, so that a failure leaves no half family for the build to find.
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp -R "$models/$from" "$work/family"
recipe="recipes/digits/$from.toml"
[ ! -f "$recipe" ] || cp "$recipe" "$work/recipe.toml"

# Whole words and parts of CamelCase or snake_case names alike; the new name may contain the old one.
from_type="$(pascal "$from")" type="$(pascal "$name")"
others="$(sed -nE 's/^(enum class|enum|struct|class) ([A-Za-z0-9_]+).*/\2/p' "$work"/family/*.h | grep -v "$from_type" || true)"
rename="s/$from_type/@TYPE@/g; s/$from/@NAME@/g"
for other in $others; do rename="$rename; s/\\b$other\\b/@TYPE@$other/g"; done
while IFS= read -r file; do
  sed -e "$rename" -e "s/@TYPE@/$type/g; s/@NAME@/$name/g" "$file" >"$work/text"
  cat "$work/text" >"$file"
done < <(find "$work" -type f ! -name text)
find "$work/family" -depth -name "*$from*" | while IFS= read -r file; do
  base="$(basename "$file")"
  mv "$file" "$(dirname "$file")/${base//$from/$name}"
done

# Longer or shorter names break lines elsewhere.
if command -v clang-format-14 >/dev/null; then
  find "$work/family" -type f -exec clang-format-14 --style=file:.clang-format -i {} +
  format=''
else
  format=', after ./dev format'
fi

mv "$work/family" "$models/$name"
printf 'Made %s:\n' "$models/$name"
find "$models/$name" -type f | sort | sed 's/^/  /'
if [ -f "$work/recipe.toml" ] && [ ! -e "recipes/digits/$name.toml" ]; then
  mv "$work/recipe.toml" "recipes/digits/$name.toml"
  printf '  recipes/digits/%s.toml\n' "$name"
fi
cat <<TEXT
It builds as it is$format. Now make it yours (CONTRIBUTING.md):
  1. first line of $name.h and the card in $name.cc: what it is, its title, its paper
  2. ${type}Config: its fields
  3. training_step and validation_step
  4. its abilities
  5. ${name}_test.cc: what is its own (closed forms, inverses, moments)
  6. a recipe, with the numbers it reached
TEXT
