#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The harness calls this first. Blindsight needs no OpenFHE.
