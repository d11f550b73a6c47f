# SPDX-License-Identifier: Apache-2.0
"""Gradients of many clients, of which a server sees the sum alone."""
