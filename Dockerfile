# One image for every part of the mesh: `docker run IMAGE serve compute` and so on; see docker-compose.yml.
FROM node:22-trixie-slim AS build
WORKDIR /reptrace
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts

FROM node:22-trixie-slim
# Vulkan's loader and Mesa's drivers: GPUs of AMD and Intel, and the software adapter. NVIDIA's driver comes from the host
# through the NVIDIA Container Toolkit (NVIDIA_DRIVER_CAPABILITIES below).
RUN apt-get update \
  && apt-get install --yes --no-install-recommends libvulkan1 mesa-vulkan-drivers ca-certificates \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /reptrace
COPY --from=build /reptrace/package.json /reptrace/LICENSE /reptrace/NOTICE ./
COPY --from=build /reptrace/node_modules ./node_modules
COPY --from=build /reptrace/dist ./dist
# Memory that native threads free goes back to the system (LanceDB and Mesa have many).
ENV MALLOC_ARENA_MAX=2
ENV NODE_ENV=production REPTRACE_DATA=/data NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,graphics,utility
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
ENTRYPOINT ["node", "dist/cli/main.js"]
CMD ["up", "--host", "0.0.0.0"]
