"""The Dockerfile without Docker: its steps carried out in folders, and what comes of them started and looked at.

Debian's own Python stands in for the base image, overlay mounts for layers, chroot for containers. So the instructions
are tested that this project wrote; not the base image, nor Docker itself. Needs root, Linux and debootstrap.
"""
