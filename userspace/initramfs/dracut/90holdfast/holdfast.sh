#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In pre-udev. dracut sources it: it must not end the shell, and the boot goes on
# whatever became of it.
/usr/lib/holdfast/early || :
