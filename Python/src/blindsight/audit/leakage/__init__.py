# SPDX-License-Identifier: Apache-2.0
"""What answers, models and gradients tell of training data."""
