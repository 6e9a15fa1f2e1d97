# shellcheck shell=bash
# Carries out the build stage of the release's Dockerfile where its base image cannot be fetched: in an image of that name
# that has nothing but this machine's Go. What .dockerignore leaves out is missing there as it is in a release.
# shellcheck disable=SC2154 # place, work and here are those of .ci/image

# build_stage FOLDER leaves there what the stage makes for this machine.
build_stage() {
  local base=$work/base image mount path out
  local -a mounts=(
    --volume "$(go env GOROOT):/usr/local/go:ro"
    --volume "$(go env GOMODCACHE):/go/pkg/mod"
    --volume "$(go env GOCACHE):/go/cache"
  )
  for path in /usr/bin /usr/lib /usr/lib64 /usr/share /etc/ssl; do
    [[ ! -e $path ]] || mounts+=(--volume "$path:$path:ro")
  done

  rm -rf "$base" "$1"
  mkdir -p "$base"/tmp "$base"/usr/local/bin
  ln -s usr/bin "$base/bin"
  ln -s usr/lib "$base/lib"
  ln -s usr/lib64 "$base/lib64"
  image=$(sed -n 's/^FROM .* \(.*\) AS build$/\1/p' Dockerfile)
  buildah "${place[@]}" bud --isolation chroot --tag "$image" --file - "$base" <<EOF
FROM scratch
COPY . /
ENV PATH=/usr/local/bin:/usr/local/go/bin:/usr/bin:/bin GOPATH=/go GOCACHE=/go/cache GOPROXY=$(go env GOPROXY)
EOF

  buildah "${place[@]}" bud --isolation chroot --pull-never "${mounts[@]}" --target build --platform "$here" \
    --build-arg VERSION="$VERSION" --build-arg REVISION="$REVISION" --build-arg CREATED="$CREATED" \
    --tag localhost/build-stage .
  out=$(buildah "${place[@]}" from localhost/build-stage)
  mount=$(buildah "${place[@]}" mount "$out")
  cp -r "$mount/out" "$1"
  buildah "${place[@]}" rm "$out"
}

# same_as_built says whether the stage makes what .ci/Dockerfile.prebuilt is given.
same_as_built() {
  build_stage "$work/stage"
  diff -r "$work/stage" "$work/context/$here"
}
