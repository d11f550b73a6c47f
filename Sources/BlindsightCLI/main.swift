print("blindsight")
