# The images of chatgate: the gateway, and with --target demo the whole world to try it in. Nothing is in either but one
# program, the certificate authorities, and the licences.
#
#   docker build --tag chatgate .
#   docker build --tag chatgate-demo --target demo .
#
# A release says with --build-arg which VERSION it is, of which commit (REVISION) and of when (CREATED).

# What the last stages start from: nothing, or an image such as gcr.io/distroless/static.
ARG BASE=scratch

FROM --platform=$BUILDPLATFORM docker.io/library/golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETPLATFORM
ARG VERSION=development
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
RUN .ci/build "$TARGETPLATFORM" /out \
 && go -C .ci/go build -o /usr/local/bin/ ./inventory \
 && for program in chatgate chatgate-demo; do \
      inventory -version "$VERSION" -created "$CREATED" -out "/out/share/$program" "/out/$program" || exit; \
    done \
 && cp /etc/ssl/certs/ca-certificates.crt /out/

# From here on .ci/Dockerfile.prebuilt is the same.
FROM ${BASE} AS common
ARG VERSION=development
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
COPY --from=build /out/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
USER 65532:65532
LABEL org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.created=$CREATED \
      org.opencontainers.image.url=https://github.com/chatgate/chatgate \
      org.opencontainers.image.source=https://github.com/chatgate/chatgate \
      org.opencontainers.image.documentation=https://github.com/chatgate/chatgate#readme \
      org.opencontainers.image.licenses=Apache-2.0 \
      org.opencontainers.image.vendor="The chatgate authors"

FROM common AS demo
LABEL org.opencontainers.image.title=chatgate-demo \
      org.opencontainers.image.description="chatgate with everything it needs to be tried: a provider, two chats and two people"
COPY --from=build /out/share/chatgate-demo/ /usr/share/doc/chatgate-demo/
COPY --from=build /out/chatgate-demo /chatgate-demo
EXPOSE 8440 8441 8442 8443 8444 8446 8447
ENTRYPOINT ["/chatgate-demo"]
# A container's loopback cannot be published. With the host's network ask for 127.0.0.1 in place of this.
CMD ["-listen", "0.0.0.0"]

FROM common AS chatgate
LABEL org.opencontainers.image.title=chatgate \
      org.opencontainers.image.description="One sign-in at your OpenID provider opens Rocket.Chat and Coral Talk"
COPY --from=build /out/share/chatgate/ /usr/share/doc/chatgate/
COPY --from=build /out/chatgate /chatgate
EXPOSE 8080 9090
ENTRYPOINT ["/chatgate"]
CMD ["serve", "--config", "/etc/chatgate/chatgate.yaml"]
