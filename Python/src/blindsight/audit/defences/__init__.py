# SPDX-License-Identifier: Apache-2.0
"""What is said to help, measured."""
