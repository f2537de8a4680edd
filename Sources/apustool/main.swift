print("apustool")
