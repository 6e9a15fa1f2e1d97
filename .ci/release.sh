# shellcheck shell=bash disable=SC2034
# What a release is called and how it is compiled. Sourced at the top of the repository.

# A tag names a release; any other commit goes by its own name.
VERSION=${VERSION:-$(git describe --tags --always --dirty)}
VERSION=${VERSION#v}
REVISION=${REVISION:-$(git rev-parse HEAD)}
# The time of the commit: the time of the build would make every build another one.
CREATED=${CREATED:-$(TZ=UTC git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ)}
export VERSION REVISION CREATED

readonly STAMP=chatgate/cmd/internal/app
readonly RELEASE_FLAGS=(
  -trimpath
  -buildvcs=false # a checkout and a copy without .git make the same program
  -tags=nomsgpack # Gin's codec for MessagePack, which nothing here speaks, takes 6 MB
  # go-redis has 600 commands on each of 14 types, reached by name as far as the linker can tell. Their wrappers alone
  # are 2 MB smaller when they call and do not repeat what they wrap.
  -gcflags=github.com/redis/go-redis/v9=-l
  -ldflags="-s -w -funcalign=16 -X $STAMP.version=$VERSION -X $STAMP.commit=$REVISION -X $STAMP.date=$CREATED"
)
