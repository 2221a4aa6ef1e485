#!/bin/sh
# Runs `docker compose` with the given words, if it is there and new enough for docker-compose.yml.
set -eu

# Without the plugin, `docker compose` prints docker's own usage and names no reason.
version=$(docker compose version --short 2>/dev/null) || version=
version=${version#v}
major=${version%%.*}
rest=${version#*.}
minor=${rest%%[!0-9]*}
case "$major.$minor" in
    .*) found='`docker compose version` does not work here' ;;
    1.* | 2.[0-9] | 2.1[0-9] | 2.2[0-3]) found="this is $version" ;;
    *) exec docker compose "$@" ;;
esac
echo "Docker Compose 2.24 or newer is needed ($found): https://docs.docker.com/compose/install/" >&2
exit 1
