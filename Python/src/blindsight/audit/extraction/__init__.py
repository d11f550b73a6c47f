# SPDX-License-Identifier: Apache-2.0
"""Model extraction: how many queries rebuild a served model."""
