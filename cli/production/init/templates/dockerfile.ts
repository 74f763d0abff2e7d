/** The subscriber as a container. */
export const dockerfileText = `# The subscriber of this relay: docker build -t relay . && docker run relay
# It needs package-lock.json, which npm install writes.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc* *.tgz ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
# No program reads these when it runs.
RUN find node_modules -type f \\( -name '*.map' -o -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.md' \\) -delete
# And the files that it imports. Never the whole folder: .dev.vars has secrets.
COPY tributary.config.ts ./

FROM gcr.io/distroless/nodejs24-debian12:nonroot
WORKDIR /app
ENV NODE_ENV=production \\
    HEALTH_HOST=0.0.0.0 \\
    HEALTH_PORT=8080
COPY --from=build /app /app
EXPOSE 8080
# SIGTERM drains, and ends within 10 s.
CMD ["node_modules/tributary-relay/dist/cli/tributary.js", "serve"]
`;
